import { SeededRandom } from '../support/random.ts'

/** The kinds of faults, each of which can be left out. */
export const faultKinds = ['crash', 'broker', 'database', 'provider', 'duplicate', 'reorder', 'delay'] as const
export type FaultKind = (typeof faultKinds)[number]

export interface Faults {
  readonly kinds: ReadonlySet<FaultKind>
  /** The maximum number of faults per run. */
  readonly limit: number
}

/** All random decisions of one run, reproducible by its seed. */
export class Chance {
  readonly #random: SeededRandom
  readonly #faults: Faults
  #healed = false
  count = 0
  /** The injected faults, in chronological order. */
  readonly record: string[] = []

  constructor(seed: number, faults: Faults) {
    this.#random = new SeededRandom(seed)
    this.#faults = faults
    // Adjacent seeds start with similar numbers.
    for (let i = 0; i < 10; i += 1) this.#random.next()
  }

  next(): number {
    return this.#random.next()
  }

  below(limit: number): number {
    return this.#random.below(limit)
  }

  of<T>(values: readonly T[]): T {
    return this.#random.of(values)
  }

  /** Whether a fault of this kind happens here and now. */
  fault(kind: FaultKind, probability: number, what: () => string): boolean {
    const hit = this.#random.next() < probability
    if (!hit || this.#healed || !this.#faults.kinds.has(kind) || this.count >= this.#faults.limit) return false
    this.count += 1
    this.record.push(`${kind}: ${what()}`)
    return true
  }

  /** Injects no more faults. */
  heal(): void {
    this.#healed = true
  }
}
