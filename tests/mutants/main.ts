import { readFile } from 'node:fs/promises'
import { messageOf } from '@order-saga/chassis'
import { say } from '../support/run-program.ts'
import { applyMutant, type Mutant, testFileOf } from './mutant.ts'
import { mutants } from './mutants.ts'
import { runTest, type TestResult } from './run-test.ts'
import { WorkingCopy } from './working-copy.ts'

interface Verdict {
  readonly mutant: Mutant
  readonly seconds: number
  readonly result: 'killed' | 'survived' | 'error'
  /** The failure of the test, or why it is no failure by an assertion. */
  readonly reason: string
}

const columnWidth = 60

const only = (process.env['ONLY'] ?? '').split(',').filter((name) => name !== '')
const unknown = only.filter((name) => mutants.every((mutant) => mutant.name !== name))
if (unknown.length > 0) {
  say(`There is no mutant ${unknown.join(', ')}. These are: ${mutants.map(({ name }) => name).join(', ')}.`)
  process.exit(2)
}
const selected = mutants.filter(({ name }) => only.length === 0 || only.includes(name))

let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (interrupted = true))

const copy = await WorkingCopy.create()
/** Result without a mutant, by test. */
const unchanged = new Map<string, TestResult>()
const verdicts: Verdict[] = []
try {
  for (const [i, mutant] of selected.entries()) {
    if (interrupted) break
    const from = performance.now()
    say(`${i + 1}/${selected.length} ${mutant.name}: ${mutant.promise}`)
    const outcome = await examine(mutant).catch(
      (error: unknown) => ({ result: 'error', reason: messageOf(error) }) as const,
    )
    if (interrupted) break
    const seconds = Math.round((performance.now() - from) / 1000)
    verdicts.push({ mutant, seconds, ...outcome })
    say(`    ${outcome.result} in ${seconds} s: ${outcome.result === 'killed' ? cut(outcome.reason) : outcome.reason}`)
  }
} finally {
  await copy.remove()
}
if (interrupted) process.exit(130)
report()

async function examine(mutant: Mutant): Promise<Pick<Verdict, 'result' | 'reason'>> {
  const file = testFileOf(mutant)
  // Most tests of a package run its sources; those of the system, and few others, start the programs that were compiled.
  const needsBuild = file.startsWith('tests/system/') || (await readFile(file, 'utf8')).includes('assertBuilt')
  const key = `${file} ${mutant.test}`
  if (!unchanged.has(key)) {
    if (needsBuild) await copy.build()
    unchanged.set(key, await runTest(copy.folder, file, mutant.test))
  }
  const before = unchanged.get(key)
  if (before?.kind !== 'passed') {
    return { result: 'error', reason: `The test fails without the mutant, too. ${before?.reason ?? ''}` }
  }
  if (interrupted) return { result: 'error', reason: 'interrupted' }
  const restore = await applyMutant(copy.folder, mutant)
  try {
    if (needsBuild) await copy.build()
    const { kind, reason } = await runTest(copy.folder, file, mutant.test)
    if (kind === 'passed')
      return { result: 'survived', reason: `"${mutant.test}" passes although the promise is broken.` }
    return kind === 'failed'
      ? { result: 'killed', reason }
      : { result: 'error', reason: `No assertion failed. ${reason}` }
  } finally {
    await restore()
  }
}

/** The first line of a text, as far as it fits into a column. */
function cut(text: string): string {
  const [line = ''] = text.split('\n', 1)
  return line.length > columnWidth ? `${line.slice(0, columnWidth - 1)}…` : line
}

function report(): void {
  const rows = verdicts.map(({ mutant, result, seconds }) => [
    result,
    String(seconds),
    mutant.name,
    mutant.promise,
    mutant.test,
  ])
  const header = ['result', 'seconds', 'mutant', 'promise', 'test']
  const table = [header, ...rows].map((row) => row.map((cell) => cut(cell)))
  const widths = header.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  say('')
  for (const row of table)
    say(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  const killed = verdicts.filter(({ result }) => result === 'killed').length
  say(`\ntests: ${killed} passed, ${verdicts.length - killed} failed, ${mutants.length - selected.length} skipped`)
  process.exitCode = killed === verdicts.length && killed > 0 ? 0 : 1
}
