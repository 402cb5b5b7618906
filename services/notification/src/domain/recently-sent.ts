/**
 * The ids of the events this process has answered lately, so that a redelivery does not become a second mail. Bounded:
 * the oldest id goes first. It does not survive a restart and is not shared between pods; what it misses is sent again
 * with the same Message-ID.
 */
export class RecentlySent {
  readonly #capacity: number
  /** A map keeps the order of insertion, so its first id is the oldest. */
  readonly #sent = new Map<string, Date>()

  constructor(capacity = 10_000) {
    this.#capacity = capacity
  }

  has(eventId: string): boolean {
    return this.#sent.has(eventId)
  }

  /** Undefined for an event that was not answered, or not lately. */
  sentAt(eventId: string): Date | undefined {
    return this.#sent.get(eventId)
  }

  /** Adding an id again does not renew it. */
  add(eventId: string, at = new Date()): void {
    if (!this.#sent.has(eventId)) this.#sent.set(eventId, at)
    if (this.#sent.size <= this.#capacity) return
    for (const oldest of this.#sent.keys()) {
      this.#sent.delete(oldest)
      return
    }
  }
}
