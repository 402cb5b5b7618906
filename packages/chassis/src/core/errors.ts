/**
 * Something this process depends on refused, timed out or went away. It is never the fault of the message or request at
 * hand: that is held and tried again, and no attempt is counted.
 */
export class DependencyUnavailable extends Error {
  override readonly name = 'DependencyUnavailable'
  readonly dependency: string

  constructor(dependency: string, cause: unknown) {
    super(`${dependency} is unavailable: ${messageOf(cause)}`, { cause })
    this.dependency = dependency
  }
}

/** A message that can never be handled, whatever is tried: it goes to the dead-letter queue at once, with this reason. */
export class PoisonMessage extends Error {
  override readonly name = 'PoisonMessage'
}

/** There is no room for a message here and now: it goes to the end of another queue of the same service, as it is. */
export class Divert extends Error {
  override readonly name = 'Divert'
  readonly queue: string

  constructor(queue: string) {
    super(`set aside in ${queue}`)
    this.queue = queue
  }
}

export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}
