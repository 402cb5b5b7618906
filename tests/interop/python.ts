import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('../../.local/python/', import.meta.url))
/** Installing takes seconds; a slow registry takes minutes. */
const installLimitMs = 300_000

/**
 * Installs pinned Python packages into an environment of their own, once for each content of the file.
 * @param requirements a file of this folder
 * @returns the environment's folder of programs
 * @throws Error with one sentence when Python or its module venv is missing, or the installation fails
 */
export async function pythonWith(requirements: string): Promise<string> {
  const file = fileURLToPath(new URL(requirements, import.meta.url))
  const digest = createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
    .slice(0, 12)
  const environment = `${folder}${digest}`
  const programs = `${environment}/bin`
  // Written last: an installation that was interrupted is repeated.
  const complete = `${environment}/complete`
  if (existsSync(complete)) return programs
  await rm(environment, { recursive: true, force: true })
  await step('Python 3.10 or later with the module venv is missing', 'python3', ['-m', 'venv', environment])
  await step(`The packages of ${requirements} cannot be installed`, `${programs}/python`, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--requirement',
    file,
  ])
  await writeFile(complete, '')
  return programs
}

async function step(problem: string, program: string, values: readonly string[]): Promise<void> {
  try {
    await run(program, [...values], { timeout: installLimitMs })
  } catch (error) {
    throw new Error(`${problem}: ${(error as Error).message.trim()}`, { cause: error })
  }
}
