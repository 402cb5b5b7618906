import { digestValues } from './digests.ts'
import { projectVersion } from './version.ts'

try {
  process.stdout.write(
    digestValues({
      docker: process.env['DOCKER'] ?? 'docker',
      version: process.env['VERSION'] || projectVersion(),
      registry: process.env['REGISTRY'],
    }),
  )
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
