import { messageOf } from '@order-saga/chassis'

export interface Step {
  readonly name: string
  /** Resolves with a note, such as a measurement. */
  readonly run: () => Promise<string>
  /** The following steps depend on it. */
  readonly essential?: boolean
}

type Outcome = 'passed' | 'FAILED' | 'skipped'

interface Result {
  readonly name: string
  readonly outcome: Outcome
  readonly ms: number
  readonly note: string
}

/**
 * Runs the steps in order, one after the other, and prints a table of them.
 * @param printDiagnostics prints the state of the cluster after a failure
 * @returns the exit code
 */
export async function runSuite(
  title: string,
  steps: readonly Step[],
  printDiagnostics: () => Promise<void>,
): Promise<number> {
  // Leaves at once when it is asked to, so that those who listen for the end can end what they started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const results: Result[] = []
  const startedAt = performance.now()
  let missing: string | undefined
  for (const { name, run, essential = false } of steps) {
    if (missing !== undefined) {
      results.push({ name, outcome: 'skipped', ms: 0, note: `needs "${missing}"` })
      continue
    }
    say(`\n--- ${name}`)
    const begun = performance.now()
    const result = await run().then(
      (note) => ({ outcome: 'passed' as const, note }),
      (error: unknown) => ({ outcome: 'FAILED' as const, note: messageOf(error) }),
    )
    const ms = performance.now() - begun
    results.push({ name, ms, ...result })
    say(`${result.outcome} in ${seconds(ms)}: ${result.note}`)
    if (result.outcome === 'passed') continue
    await printDiagnostics()
    if (essential) missing = name
  }
  say(`\n${title}: ${seconds(performance.now() - startedAt)}\n${results.map(line).join('\n')}`)
  const count = (outcome: Outcome): number => results.filter((result) => result.outcome === outcome).length
  say(`tests: ${count('passed')} passed, ${count('FAILED')} failed, ${count('skipped')} skipped`)
  return count('FAILED') === 0 && count('skipped') === 0 ? 0 : 1
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function line({ name, outcome, ms, note }: Result): string {
  const first = note.split('\n')[0] ?? ''
  return `  ${outcome.padEnd(8)}${seconds(ms).padStart(9)}  ${name.padEnd(44)}  ${first}`
}
