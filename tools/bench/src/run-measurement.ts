import { writeFile } from 'node:fs/promises'
import { number, seedIn } from '@order-saga/tests/support/number-setting'
import { runProgram, say } from '@order-saga/tests/support/run-program'

interface Measurement<O, R> {
  /** Reads the options from the environment. */
  readonly options: (env: NodeJS.ProcessEnv) => O
  readonly measure: (options: O, say: (line: string) => void) => Promise<R>
  /** The result as text; with JSON_FILE it is also written as JSON. */
  readonly format: (result: R) => string
  readonly passed: (result: R) => boolean
}

/** Runs a measurement; exit code 0 when it passed, 1 when it did not, 2 when it failed. */
export async function runMeasurement<O, R>(problem: string, { options, measure, format, passed }: Measurement<O, R>) {
  await runProgram(problem, async () => {
    const result = await measure(options(process.env), say)
    say(`\n${format(result)}`)
    const file = process.env['JSON_FILE']
    if (file) await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`)
    return passed(result)
  })
}

/** Reads SECONDS, the measured time, and SEED. */
export const readTime = (
  env: NodeJS.ProcessEnv,
  fallback: number,
): { readonly seconds: number; readonly seed: number } => ({
  seconds: number(env, 'SECONDS', { fallback, min: 5, max: 86_400 }),
  seed: seedIn(env),
})

/** Reads RATE, the orders per second of the phase with a fixed rate. */
export const readRate = (env: NodeJS.ProcessEnv): number => number(env, 'RATE', { fallback: 70, min: 1, max: 100_000 })

/** Reads OPEN, the number of concurrent sagas at saturation. */
export const readOpen = (env: NodeJS.ProcessEnv): number =>
  number(env, 'OPEN', { fallback: 600, min: 1, max: 100_000, whole: true })
