/** Caches the result of a read: overlapping and later calls share it. A failure is not cached. */
export class Cached<T> {
  readonly #read: () => Promise<T>
  readonly #keepMs: number
  readonly #now: () => Date
  #known: { readonly until: number; readonly result: Promise<T> } | undefined
  #last: T | undefined

  constructor(read: () => Promise<T>, keepMs: number, now: () => Date) {
    this.#read = read
    this.#keepMs = keepMs
    this.#now = now
  }

  get(): Promise<T> {
    const at = this.#now().getTime()
    if (this.#known === undefined || this.#known.until <= at) {
      const result = this.#read()
      this.#known = { until: at + this.#keepMs, result }
      result.then(
        (value) => (this.#last = value),
        () => this.clear(),
      )
    }
    return this.#known.result
  }

  /** The same, but a read that takes longer than this gives way to the result before it; undefined when there is none. */
  async getWithin(ms: number): Promise<T | undefined> {
    const limit = new Promise<T | undefined>((resolve) => setTimeout(() => resolve(this.#last), ms).unref())
    return await Promise.race([this.get(), limit])
  }

  clear(): void {
    this.#known = undefined
  }
}
