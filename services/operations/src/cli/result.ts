export const sagaExitCodes = { done: 0, found: 1, usage: 2, notDone: 3 } as const

/**
 * The result of a subcommand: `items` and `summary` for programs, the same facts as `text` for operators.
 * `wrong`: done, with a finding (an unknown id, a message that could not be moved, a violation).
 */
export interface Result {
  readonly items: readonly object[]
  readonly summary: Readonly<Record<string, unknown>>
  readonly text: string
  readonly wrong: boolean
}

const deprecatedResults: Readonly<Partial<Record<string, string>>> = {
  would_be_dead_lettered: 'dies_again',
  requested: 'asked',
  would_request: 'would_ask',
}

/** The value of the deprecated key beside `result`, in the terms of release 0.1.0. */
export const deprecatedResult = (result: string): string => deprecatedResults[result] ?? result

export const notFound = (text: string): Result => ({ items: [], summary: { shown: 0 }, text, wrong: true })

/** Unusable arguments; the message is one sentence that names the argument and the correction. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
