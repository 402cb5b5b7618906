/**
 * A dependency of this process refused a call, timed out or closed the connection. The message or request is not the
 * cause: a consumer retains the message unacknowledged and retries it without counting an attempt.
 */
export class DependencyUnavailable extends Error {
  override readonly name = 'DependencyUnavailable'
  readonly dependency: string

  constructor(dependency: string, cause: unknown) {
    super(`${dependency} is unavailable: ${messageOf(cause)}`, { cause })
    this.dependency = dependency
  }
}

/** A message for which a retry cannot help: the consumer dead-letters it at once, with this reason. */
export class PoisonMessage extends Error {
  override readonly name = 'PoisonMessage'
}

/** A message that is not the event that it claims to be: a security event. */
export class ForgedMessage extends PoisonMessage {
  /** A label of the metric. */
  readonly kind: string

  constructor(kind: string, reason: string) {
    super(reason)
    this.kind = kind
  }
}

/** Every failure reason of a message in an unreadable version begins with it. */
export const unreadableReason = 'unknown version'

/** A version of an event that only a newer release reads: the consumer keeps it in its retry queues, and counts no attempt. */
export class UnreadableVersion extends Error {
  override readonly name = 'UnreadableVersion'
}

/** A message over the concurrency limit: the consumer publishes it unchanged to a secondary queue of the same service. */
export class DiversionRequired extends Error {
  override readonly name = 'DiversionRequired'
  readonly queue: string

  constructor(queue: string) {
    super(`diverted to ${queue}`)
    this.queue = queue
  }
}

export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}
