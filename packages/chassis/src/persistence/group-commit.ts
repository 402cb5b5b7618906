import { DependencyUnavailable } from '../core/errors.ts'

export interface GroupCommitOptions<T, R> {
  /** The most that share one transaction. */
  readonly limit: number
  /** Does all items in one transaction, or none; answers in the order of the items. */
  readonly commit: (items: readonly T[]) => Promise<readonly R[]>
  readonly now: () => Date
}

interface Waiting<T, R> {
  readonly item: T
  readonly alone: boolean
  readonly resolve: (result: R) => void
  readonly reject: (error: unknown) => void
}

/** The longest rest between two groups, in milliseconds: what it may add to the time of one step of a saga. */
const longestRestMs = 25

/**
 * Lets work that arrives while a transaction is running share the next one. An item that finds nothing running starts at
 * once. When items come so fast that several of them would, the next transaction is put off for as long as the last one
 * took: so a database that is short of time gets fewer and larger transactions before it has none left to give
 * (docs/decisions/0010). If a group fails, its items are done one by one, so that a bad one fails alone; only trouble of
 * the database itself fails them all.
 */
export class GroupCommit<T, R> {
  readonly #options: GroupCommitOptions<T, R>
  readonly #random: () => number
  #waiting: Waiting<T, R>[] = []
  #running: Promise<void> | undefined
  #lastWasAlone = false
  /** Ends the rest that is being taken. */
  #endRest: (() => void) | undefined
  #restUntil = 0
  #lastBegun = 0

  constructor(options: GroupCommitOptions<T, R>, random: () => number = Math.random) {
    this.#options = options
    this.#random = random
  }

  /**
   * Resolves once the item's transaction has committed. With `alone` it shares with nobody: a message that was given out
   * before may be what killed its consumer. Such items are taken in random order, so that the ones behind a killer
   * get their turn too.
   */
  async submit(item: T, { alone = false }: { alone?: boolean } = {}): Promise<R> {
    return await new Promise<R>((resolve, reject) => {
      this.#waiting.push({ item, alone, resolve, reject })
      if (this.#waiting.length >= this.#options.limit) this.#endRest?.()
      // On the next turn of the loop: what arrived in the same read of the socket starts together.
      this.#running ??= new Promise<void>((started) => setImmediate(started)).then(() => this.#run())
    })
  }

  /** Resolves when nothing is waiting or running. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#rest()
      const begun = this.#options.now().getTime()
      const group = this.#take()
      await this.#commit(group)
      // A loner shares with nobody, so no wait makes its group larger.
      this.#pace(this.#lastWasAlone ? 0 : group.length, begun, this.#options.now().getTime())
    }
    this.#running = undefined
  }

  /** A rest is worth its time only when at least two items are to be expected by its end. */
  #pace(size: number, begun: number, ended: number): void {
    const restMs = Math.min(longestRestMs, ended - begun)
    const expected = (size * (ended - begun + restMs)) / Math.max(1, begun - this.#lastBegun)
    this.#lastBegun = begun
    this.#restUntil = expected >= 2 ? ended + restMs : 0
  }

  /** Ends early when there is enough for a whole group. */
  async #rest(): Promise<void> {
    const restMs = this.#restUntil - this.#options.now().getTime()
    // A clock that was set back must not stop the work.
    if (restMs <= 0 || restMs > longestRestMs || this.#waiting.length >= this.#options.limit) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, restMs)
      this.#endRest = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#endRest = undefined
  }

  /** A group, then a loner, then a group: neither kind can hold up the other. */
  #take(): Waiting<T, R>[] {
    const together = this.#waiting.filter((entry) => !entry.alone).slice(0, this.#options.limit)
    const loners = this.#waiting.filter((entry) => entry.alone)
    const loner = loners[Math.floor(this.#random() * loners.length)]
    this.#lastWasAlone = loner !== undefined && (together.length === 0 || !this.#lastWasAlone)
    const taken = new Set(this.#lastWasAlone && loner !== undefined ? [loner] : together)
    this.#waiting = this.#waiting.filter((entry) => !taken.has(entry))
    return [...taken]
  }

  async #commit(group: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.#options.commit(group.map((entry) => entry.item))
      for (const [i, entry] of group.entries()) entry.resolve(results[i] as R)
    } catch (error) {
      if (group.length > 1 && !(error instanceof DependencyUnavailable)) return await this.#oneByOne(group)
      for (const entry of group) entry.reject(error)
    }
  }

  async #oneByOne(group: readonly Waiting<T, R>[]): Promise<void> {
    for (const [i, entry] of group.entries()) {
      try {
        const [result] = await this.#options.commit([entry.item])
        entry.resolve(result as R)
      } catch (error) {
        entry.reject(error)
        if (!(error instanceof DependencyUnavailable)) continue
        // Each of the others would wait for the same time limit in vain.
        for (const rest of group.slice(i + 1)) rest.reject(error)
        return
      }
    }
  }
}
