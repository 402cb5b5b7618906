/**
 * The ids of the latest events whose mail this process has sent, so that a redelivery does not cause a second mail. The
 * oldest id is evicted first. The ids are in memory of one process: after a restart, or in another pod, a redelivery sends
 * the mail again with the same Message-ID.
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
