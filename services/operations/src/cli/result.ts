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

export const notFound = (text: string): Result => ({ items: [], summary: { shown: 0 }, text, wrong: true })

/** Unusable arguments; the message is one sentence that names the argument and the correction. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
