/**
 * Tracks the unsettled delivery tags of one channel, so that one ack can cover many: an ack with `multiple` also
 * acknowledges every lower tag (RabbitMQ, "Consumer Acknowledgements"), so it is sent only when all of those are settled.
 */
export class AckTracker {
  /** Arrival in ms by tag; tags increase, and a Map keeps the order of insertion. */
  readonly #unsettled = new Map<number, number>()
  readonly #settled = new Set<number>()

  add(tag: number, arrivedAtMs: number): void {
    this.#unsettled.set(tag, arrivedAtMs)
  }

  /** Marks the delivery as settled; the next `takeAcks` returns its ack. */
  settle(tag: number): void {
    if (this.#unsettled.delete(tag)) this.#settled.add(tag)
  }

  /** Removes a delivery that gets no ack, because it was rejected. */
  remove(tag: number): void {
    this.#unsettled.delete(tag)
  }

  get unsettled(): number {
    return this.#unsettled.size
  }

  /** Settled deliveries whose ack has not been taken yet. */
  get pendingAcks(): number {
    return this.#settled.size
  }

  /** Arrival of the oldest unsettled delivery; undefined when there is none. */
  get oldestAt(): number | undefined {
    return this.#unsettled.values().next().value
  }

  /** Removes and returns the acks to send now: at most one with `multiple`, the rest single. */
  takeAcks(): { readonly tag: number; readonly multiple: boolean }[] {
    if (this.#settled.size === 0) return []
    const lowestUnsettled = this.#unsettled.keys().next().value ?? Number.POSITIVE_INFINITY
    let upTo = 0
    let count = 0
    const acks: { tag: number; multiple: boolean }[] = []
    for (const tag of this.#settled) {
      if (tag < lowestUnsettled) {
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
