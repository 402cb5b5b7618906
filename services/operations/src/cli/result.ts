/** What the command says with its exit code. */
export const sagaExitCodes = { done: 0, found: 1, usage: 2, notDone: 3 } as const

/**
 * What a subcommand gives back. The same facts twice: `items` and `summary` for machines, `text` for people.
 * `wrong`: it was done, and not all is as it should be (an unknown id, a message that could not be moved, a violation).
 */
export interface Result {
  readonly items: readonly object[]
  readonly summary: Readonly<Record<string, unknown>>
  readonly text: string
  readonly wrong: boolean
}

/** The arguments cannot be used as they are; the message is one sentence that names the argument and what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
