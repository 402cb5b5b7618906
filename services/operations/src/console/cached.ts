/** Caches the result of a read: overlapping and later calls share it. A failure is not cached. */
export class Cached<T> {
  readonly #read: () => Promise<T>
  readonly #keepMs: number
  readonly #now: () => Date
  #known: { readonly until: number; readonly result: Promise<T> } | undefined

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
      result.catch(() => this.clear())
    }
    return this.#known.result
  }

  clear(): void {
    this.#known = undefined
  }
}
