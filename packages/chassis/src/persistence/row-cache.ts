/** Rows per table: with 2 KB each, at most 10 MB; more than are between two events of 2,000 sagas per second. */
const limit = 5_000
/** Of the items in a row, 0.1 KB each. An order has up to 500; few have more than these, and are read. */
const itemLimit = 20

/**
 * A cache of the rows that this process wrote last, by their key. A row is taken to be changed, and put back once the change
 * is committed: so a failed transaction leaves none behind. Other processes may have changed it, and a failover may have
 * undone it: the write that is based on it must compare version and `updated_at`.
 */
export class RowCache<R> {
  readonly #rows = new Map<string, R>()

  /** Returns the rows and removes them from the cache; undefined for a row that is not cached. */
  take(keys: readonly string[]): Map<string, R | undefined> {
    return new Map(
      [...new Set(keys)].map((key) => {
        const row = this.#rows.get(key)
        this.#rows.delete(key)
        return [key, row]
      }),
    )
  }

  /** Returns the rows as `take` does, or undefined unless all are cached. */
  takeAll(keys: readonly string[]): Map<string, R> | undefined {
    const rows = [...this.take(keys)]
    const cached = rows.filter((row): row is [string, R] => row[1] !== undefined)
    return cached.length === rows.length ? new Map(cached) : undefined
  }

  /** Beyond the limit the row that was put first is evicted. A row with many items is not cached. */
  put(key: string, row: R, items: readonly unknown[] = []): void {
    this.#rows.delete(key)
    if (items.length > itemLimit) return
    this.#rows.set(key, row)
    const [oldest] = this.#rows.keys()
    if (this.#rows.size > limit && oldest !== undefined) this.#rows.delete(oldest)
  }
}
