import { readdirSync } from 'node:fs'
import { tool } from './go-tools.ts'
import { must } from './programs.ts'

const folder = '.github/workflows'

try {
  const files = readdirSync(folder).map((file) => `${folder}/${file}`)
  // actionlint uses shellcheck and pyflakes only if they are installed: without them the result is the same everywhere.
  must(tool('actionlint'), ['-no-color', '-shellcheck=', '-pyflakes=', ...files])
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
