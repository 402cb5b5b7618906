import { runSaga } from '@order-saga/operations'
import { operationsEnvironment } from './operations-environment.ts'
import { asOperator } from './operators.ts'
import type { System } from './system.ts'

/** The output of `saga … --json`. */
export interface SagaOutput {
  readonly exitCode: number
  readonly error: string | null
  readonly items: readonly Record<string, unknown>[]
  readonly summary: Readonly<Record<string, unknown>>
}

/** Runs the command `saga` on the system, in this process. */
export async function saga(system: System, ...args: string[]): Promise<SagaOutput> {
  const environment = { ...operationsEnvironment(system), ...asOperator('system-tests') }
  let [out, error] = ['', '']
  await runSaga([...args, '--json'], environment, {
    out: (text) => void (out += text),
    error: (text) => void (error += text),
    now: () => new Date(),
    signal: new AbortController().signal,
  })
  if (out === '') throw new Error(`saga ${args.join(' ')} printed nothing: ${error}`)
  return JSON.parse(out) as SagaOutput
}
