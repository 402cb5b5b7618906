/**
 * The ids of the events this process has answered lately, so that a redelivery does not become a second mail. Bounded:
 * the oldest id goes first. It does not survive a restart and is not shared between pods; what it misses is sent again
 * with the same Message-ID.
 */
export class RecentlySent {
  readonly #capacity: number
  /** A set keeps the order of insertion, so its first id is the oldest. */
  readonly #sent = new Set<string>()

  constructor(capacity = 10_000) {
    this.#capacity = capacity
  }

  has(eventId: string): boolean {
    return this.#sent.has(eventId)
  }

  /** Adding an id again does not renew it. */
  add(eventId: string): void {
    this.#sent.add(eventId)
    if (this.#sent.size <= this.#capacity) return
    for (const oldest of this.#sent) {
      this.#sent.delete(oldest)
      return
    }
  }
}
