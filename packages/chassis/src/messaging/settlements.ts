/**
 * Which delivery tags of one channel are still unsettled, so that one ack can stand for many: an ack with `multiple`
 * settles every lower tag too, and is right only when all of those are settled.
 */
export class Settlements {
  /** When each arrived; tags come in rising order, and a Map keeps that order. */
  readonly #open = new Map<number, number>()
  readonly #settled = new Set<number>()

  /** `atMs` is when it arrived. */
  delivered(tag: number, atMs: number): void {
    this.#open.set(tag, atMs)
  }

  /** A delivery has reached its end; `take` says what to send for it. */
  settled(tag: number): void {
    if (this.#open.delete(tag)) this.#settled.add(tag)
  }

  get unsettled(): number {
    return this.#open.size
  }

  /** Settled deliveries for which nothing was sent yet. */
  get toAck(): number {
    return this.#settled.size
  }

  /** When the delivery that is held longest arrived; undefined when none is held. */
  get oldestAt(): number | undefined {
    return this.#open.values().next().value
  }

  /** The acks to send now: at most one with `multiple`, the rest singly. Afterwards nothing is left to send. */
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
