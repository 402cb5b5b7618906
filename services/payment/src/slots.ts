/** A bounded number of places, given out in the order in which they were asked for. */
export class Slots {
  readonly #limit: number
  #taken = 0
  readonly #waiting: (() => void)[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  get taken(): number {
    return this.#taken
  }

  /**
   * Takes a place, waiting for one if need be.
   * @returns false when there was none within `waitMs`
   */
  async take(waitMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    if (this.#taken < this.#limit) {
      this.#taken += 1
      return true
    }
    return await new Promise<boolean>((resolve) => {
      const given = (): void => {
        clearTimeout(timer)
        resolve(true)
      }
      const timer = Number.isFinite(waitMs)
        ? setTimeout(() => {
            this.#waiting.splice(this.#waiting.indexOf(given), 1)
            resolve(false)
          }, waitMs)
        : undefined
      this.#waiting.push(given)
    })
  }

  /** Gives a place back, to whoever has waited longest. */
  give(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#taken -= 1
    else next()
  }
}
