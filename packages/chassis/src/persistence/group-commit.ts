import { DependencyUnavailable } from '../core/errors.ts'

export interface GroupCommitOptions<T, R> {
  /** The largest number of items in one transaction. */
  readonly limit: number
  /** Commits all items in one transaction, or none. @returns their results in the order of the items */
  readonly commit: (items: readonly T[]) => Promise<readonly R[]>
  readonly now: () => Date
}

interface Waiting<T, R> {
  readonly item: T
  readonly isolated: boolean
  readonly resolve: (result: R) => void
  readonly reject: (error: unknown) => void
}

/** The longest pause between two groups, in milliseconds: the most it adds to the latency of one step of a saga. */
const longestPauseMs = 25

/**
 * Work that arrives while a transaction is running shares the next one. An item that arrives while nothing runs starts at
 * once. At high rates the next transaction is delayed by the duration of the last one, so that a database under load gets
 * fewer and larger transactions (docs/decisions/0012). If a group fails, its items are committed one by one, so that an
 * invalid item fails alone; only `DependencyUnavailable` fails all of them.
 */
export class GroupCommit<T, R> {
  readonly #options: GroupCommitOptions<T, R>
  readonly #random: () => number
  #waiting: Waiting<T, R>[] = []
  #running: Promise<void> | undefined
  #lastWasIsolated = false
  #endPause: (() => void) | undefined
  #pauseUntil = 0
  #lastBegun = 0

  constructor(options: GroupCommitOptions<T, R>, random: () => number = Math.random) {
    this.#options = options
    this.#random = random
  }

  /**
   * Resolves once the item's transaction has committed. An isolated item has a transaction of its own: a redelivered
   * message may be the one that crashed its consumer. Isolated items are taken in random order, so that those behind such
   * a message are handled too.
   */
  async submit(item: T, { isolated = false }: { isolated?: boolean } = {}): Promise<R> {
    return await new Promise<R>((resolve, reject) => {
      this.#waiting.push({ item, isolated, resolve, reject })
      if (this.#waiting.length >= this.#options.limit) this.#endPause?.()
      // In the next turn of the event loop: items of the same read of the socket start together.
      this.#running ??= new Promise<void>((started) => setImmediate(started)).then(() => this.#run())
    })
  }

  /** Resolves when nothing is waiting or running. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#pause()
      const begun = this.#options.now().getTime()
      const group = this.#take()
      await this.#commit(group)
      // No pause makes the group of an isolated item larger.
      this.#schedulePause(this.#lastWasIsolated ? 0 : group.length, begun, this.#options.now().getTime())
    }
    this.#running = undefined
  }

  /** Only when at least two items are expected by the end of the pause. */
  #schedulePause(size: number, begun: number, ended: number): void {
    const pauseMs = Math.min(longestPauseMs, ended - begun)
    const expected = (size * (ended - begun + pauseMs)) / Math.max(1, begun - this.#lastBegun)
    this.#lastBegun = begun
    this.#pauseUntil = expected >= 2 ? ended + pauseMs : 0
  }

  /** Ends early when a whole group is waiting. */
  async #pause(): Promise<void> {
    const pauseMs = this.#pauseUntil - this.#options.now().getTime()
    // The upper bound: a clock that was set back must not stop the work.
    if (pauseMs <= 0 || pauseMs > longestPauseMs || this.#waiting.length >= this.#options.limit) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseMs)
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#endPause = undefined
  }

  /** A group, then an isolated item, then a group: neither kind delays the other for long. */
  #take(): Waiting<T, R>[] {
    const shared = this.#waiting.filter((entry) => !entry.isolated).slice(0, this.#options.limit)
    const isolated = this.#waiting.filter((entry) => entry.isolated)
    const next = isolated[Math.floor(this.#random() * isolated.length)]
    this.#lastWasIsolated = next !== undefined && (shared.length === 0 || !this.#lastWasIsolated)
    const taken = new Set(this.#lastWasIsolated && next !== undefined ? [next] : shared)
    this.#waiting = this.#waiting.filter((entry) => !taken.has(entry))
    return [...taken]
  }

  /** @returns the error after which no further attempt is made: each would wait for the same time limit in vain */
  async #commit(group: readonly Waiting<T, R>[]): Promise<DependencyUnavailable | undefined> {
    try {
      const results = await this.#options.commit(group.map((entry) => entry.item))
      for (const [i, entry] of group.entries()) entry.resolve(results[i] as R)
      return undefined
    } catch (error) {
      const unavailable = error instanceof DependencyUnavailable ? error : undefined
      if (unavailable === undefined && group.length > 1) return await this.#commitOneByOne(group)
      for (const entry of group) entry.reject(error)
      return unavailable
    }
  }

  async #commitOneByOne(group: readonly Waiting<T, R>[]): Promise<DependencyUnavailable | undefined> {
    let unavailable: DependencyUnavailable | undefined
    for (const entry of group) {
      if (unavailable === undefined) unavailable = await this.#commit([entry])
      else entry.reject(unavailable)
    }
    return unavailable
  }
}
