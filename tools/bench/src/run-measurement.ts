import { writeFile } from 'node:fs/promises'
import { number, seedIn } from '@order-saga/tests/support/number-setting'
import { runProgram, say } from '@order-saga/tests/support/run-program'

interface Measurement<O, R> {
  /** Reads from the environment what is to be done. */
  readonly options: (env: NodeJS.ProcessEnv) => O
  readonly measure: (options: O, say: (line: string) => void) => Promise<R>
  /** The result for people; JSON_FILE names a file for programs. */
  readonly format: (result: R) => string
  readonly good: (result: R) => boolean
}

/** A program that measures: its exit code tells whether the result is good. */
export async function runMeasurement<O, R>(problem: string, { options, measure, format, good }: Measurement<O, R>) {
  await runProgram(problem, async () => {
    const result = await measure(options(process.env), say)
    say(`\n${format(result)}`)
    const file = process.env['JSON_FILE']
    if (file) await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`)
    return good(result)
  })
}

/** SECONDS of a measured time, and SEED. */
export const timeIn = (
  env: NodeJS.ProcessEnv,
  fallback: number,
): { readonly seconds: number; readonly seed: number } => ({
  seconds: number(env, 'SECONDS', { fallback, min: 5, max: 86_400 }),
  seed: seedIn(env),
})

/** OPEN: the sagas under way at saturation. */
export const openIn = (env: NodeJS.ProcessEnv): number =>
  number(env, 'OPEN', { fallback: 600, min: 1, max: 100_000, whole: true })
