/**
 * Which delivery tags of one channel are still unsettled, so that one ack can stand for many: an ack with `multiple`
 * settles every lower tag too, and is right only when all of those are settled.
 */
export class Settlements {
  readonly #open = new Set<number>()
  readonly #settled = new Set<number>()

  delivered(tag: number): void {
    this.#open.add(tag)
  }

  /** A delivery has reached its end; `take` says what to send for it. */
  settled(tag: number): void {
    if (this.#open.delete(tag)) this.#settled.add(tag)
  }

  get unsettled(): number {
    return this.#open.size
  }

  /** The acks to send now: at most one with `multiple`, the rest singly. Afterwards nothing is left to send. */
  take(): { readonly tag: number; readonly multiple: boolean }[] {
    if (this.#settled.size === 0) return []
    // Tags come in rising order, and a Set keeps that order: the first open one is the lowest.
    const lowestOpen = this.#open.values().next().value ?? Number.POSITIVE_INFINITY
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
