import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

interface Failure {
  readonly title: string
  readonly err: { readonly code?: string; readonly message?: string }
}

interface Report {
  readonly passes: readonly unknown[]
  readonly failures: readonly Failure[]
}

/** `broken`: the test could not run, or it failed for another reason than an assertion. */
export interface TestResult {
  readonly kind: 'passed' | 'failed' | 'broken'
  /** The message of the failure. */
  readonly reason: string
}

const shownLines = 20

/** Runs the tests of a file whose full title contains the title, in a copy of the repository. */
export async function runTest(folder: string, file: string, title: string): Promise<TestResult> {
  const report = join(folder, 'mutant-report.json')
  await rm(report, { force: true })
  const reporter = ['--reporter', 'json', '--reporter-option', `output=${report}`]
  const mocha = spawn(process.execPath, ['node_modules/mocha/bin/mocha.js', file, '--fgrep', title, ...reporter], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [mocha.stdout, mocha.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  // Ctrl-C reaches mocha, too, which ends the servers of its test; a signal to this process alone does not.
  const forward = (): void => void mocha.kill()
  process.once('SIGTERM', forward)
  await once(mocha, 'close')
  process.off('SIGTERM', forward)
  const text = await readFile(report, 'utf8').catch(() => undefined)
  if (text === undefined) return { kind: 'broken', reason: output.trim().split('\n').slice(-shownLines).join('\n') }
  return resultOf(JSON.parse(text) as Report, title)
}

/** What the report of mocha says about the tests with the title. */
export function resultOf({ passes, failures }: Report, title: string): TestResult {
  const [first] = failures
  if (first === undefined) {
    return passes.length > 0
      ? { kind: 'passed', reason: '' }
      : { kind: 'broken', reason: `There is no test "${title}".` }
  }
  const failure = failures.find(isAssertion)
  if (failure !== undefined) return { kind: 'failed', reason: failure.err.message ?? '' }
  return { kind: 'broken', reason: `${first.title}: ${first.err.message ?? 'unknown failure'}` }
}

/** Messages of assertions that are no AssertionError: of conditions that do not come, of fast-check, and of the audit. */
const assertions = /^(Timed out after .* waiting for|Property failed after|The audit found violations)/

/** The failure to start what a test needs is none. */
function isAssertion({ title, err: { code, message = '' } }: Failure): boolean {
  return !title.startsWith('"before ') && (code === 'ERR_ASSERTION' || assertions.test(message))
}
