/**
 * Tracks which delivery tags of one channel are unsettled, so that one ack can cover many: an ack with `multiple` also
 * acknowledges every lower tag (RabbitMQ, "Consumer Acknowledgements"), so it is sent only when all of those are settled.
 */
export class AckTracker {
  /** Arrival of each in ms; tags rise, and a Map keeps the order of insertion. */
  readonly #open = new Map<number, number>()
  readonly #settled = new Set<number>()

  delivered(tag: number, atMs: number): void {
    this.#open.set(tag, atMs)
  }

  /** The delivery has its disposition; the next `take` returns its ack. */
  settled(tag: number): void {
    if (this.#open.delete(tag)) this.#settled.add(tag)
  }

  get unsettled(): number {
    return this.#open.size
  }

  /** Settled deliveries whose ack was not taken yet. */
  get toAck(): number {
    return this.#settled.size
  }

  /** Arrival of the oldest unsettled delivery; undefined when there is none. */
  get oldestAt(): number | undefined {
    return this.#open.values().next().value
  }

  /** Takes the acks to send now: at most one with `multiple`, the rest single. */
  take(): { readonly tag: number; readonly multiple: boolean }[] {
    if (this.#settled.size === 0) return []
    const lowestOpen = this.#open.keys().next().value ?? Number.POSITIVE_INFINITY
    let upTo = 0
    let count = 0
    const acks: { tag: number; multiple: boolean }[] = []
    for (const tag of this.#settled) {
      if (tag < lowestOpen) {
        upTo = Math.max(upTo, tag)
        count += 1
      } else {
        acks.push({ tag, multiple: false })
      }
    }
    if (count > 0) acks.unshift({ tag: upTo, multiple: count > 1 })
    this.#settled.clear()
    return acks
  }
}
