/**
 * The ids of the latest events whose mail this process has sent, so that a redelivery does not cause a second mail. The
 * oldest id is evicted first. The ids are in memory of one process: after a restart, or in another pod, a redelivery sends
 * the mail again with the same Message-ID.
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

  /** Undefined for an unknown or evicted event. */
  sentAt(eventId: string): Date | undefined {
    return this.#sent.get(eventId)
  }

  /** Adding an id again does not change its position. */
  add(eventId: string, at = new Date()): void {
    if (!this.#sent.has(eventId)) this.#sent.set(eventId, at)
    if (this.#sent.size <= this.#capacity) return
    for (const oldest of this.#sent.keys()) {
      this.#sent.delete(oldest)
      return
    }
  }
}
