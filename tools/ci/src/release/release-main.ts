import { must } from '../programs.ts'
import { buildRelease, pushCommands, type ReleaseOptions } from './release.ts'
import { projectVersion } from './version.ts'

const version = projectVersion()
const push = process.env['PUSH'] === '1'

try {
  const wanted = process.env['VERSION']
  if (wanted !== version) {
    throw new Error(
      `The version in package.json is ${version}: run make release VERSION=${version}, or change it with make version VERSION=…`,
    )
  }
  const changed = must('git', ['status', '--porcelain']) !== ''
  const registry = process.env['REGISTRY']
  if (push && changed) throw new Error('PUSH=1 requires a clean checkout: commit the changes first.')
  if (push && !registry) throw new Error('PUSH=1 requires REGISTRY, such as REGISTRY=ghcr.io/example.')
  const options: ReleaseOptions = {
    version,
    revision: must('git', ['rev-parse', 'HEAD']).trim() + (changed ? '-modified' : ''),
    registry: registry || 'registry.example',
    nodeImage: process.env['NODE_IMAGE'],
    folder: '.release',
    docker: process.env['DOCKER'] ?? 'docker',
    helm: process.env['HELM'] ?? 'helm',
    log: (line) => process.stdout.write(`${line}\n`),
  }
  buildRelease(options)
  options.log(`The chart, the SBOMs and SHA256SUMS are in ${options.folder}/.`)
  for (const [program = '', ...args] of pushCommands(options)) {
    options.log(`${push ? '' : 'would run: '}${[program, ...args].join(' ')}`)
    if (push) options.log(must(program, args).trim())
  }
  if (!push) options.log('Nothing was pushed: set PUSH=1 and REGISTRY to push.')
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
