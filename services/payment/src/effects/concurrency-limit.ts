/**
 * A limit on work that runs at the same time, first come first served. Not a library: p-limit and async-sema cannot wait
 * with a time limit, and async-mutex keeps a waiter that has timed out in its queue.
 */
export class ConcurrencyLimit {
  readonly #limit: number
  #running = 0
  readonly #waiting: (() => void)[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @returns false when the limit was still reached after `waitMs`; after true, call `release` */
  async acquire(waitMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    if (this.#running < this.#limit) {
      this.#running += 1
      return true
    }
    return await new Promise<boolean>((resolve) => {
      const acquired = (): void => {
        clearTimeout(timer)
        resolve(true)
      }
      const timer = Number.isFinite(waitMs)
        ? setTimeout(() => {
            this.#waiting.splice(this.#waiting.indexOf(acquired), 1)
            resolve(false)
          }, waitMs)
        : undefined
      this.#waiting.push(acquired)
    })
  }

  release(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
  }
}
