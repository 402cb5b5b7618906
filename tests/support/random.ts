import { randomInt } from 'node:crypto'

/** Random numbers, reproducible by their seed: `SEED=123 npx mocha …` repeats a run. */
export class SeededRandom {
  readonly seed: number
  #state: number

  constructor(seed = Number(process.env['SEED'] ?? randomInt(1, 2 ** 31))) {
    this.seed = seed
    this.#state = seed
  }

  /** In [0, 1); the generator is mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  of<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)]
    if (value === undefined) throw new RangeError('there is nothing to choose from')
    return value
  }
}
