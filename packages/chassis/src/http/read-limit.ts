import { RequestDeadline } from './request-deadline.ts'
import { unavailable } from './problem.ts'

export interface ReadLimitOptions {
  /** Reads that run at once: the connections for reads. */
  readonly concurrency: number
  /** As of `RequestDeadline`, for a running read. */
  readonly callTimeoutMs?: number | undefined
}

/** Reads that wait for their turn: at the pace of a flood, about three seconds. Chosen, not measured. */
const mostWaiting = 200
const retryAfterSeconds = 1
/**
 * While others wait, a turn pauses after a read for so many times its duration. By `make bench-reads`: with 3 the p99 of
 * POST /orders beside 60 clients was 2.4 times that of an idle system on two shared processors.
 */
const pauseRatio = 7
/** After a slow read, the pause must not add to the delay of those that wait. */
const longestPauseMs = 50

/**
 * Bounds the requests that read. A few run at once, others wait for their turn, and above a limit they are refused. While
 * reads wait, each turn pauses after a read: clients that read without a pause would use all of the processor and of the
 * database, and requests that write would wait behind them. Without a queue nothing pauses.
 */
export class ReadLimit {
  readonly #deadline: RequestDeadline
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor({ concurrency, callTimeoutMs }: ReadLimitOptions) {
    this.#deadline = new RequestDeadline('database', callTimeoutMs)
    this.#free = concurrency
  }

  /** @throws Problem 503 with Retry-After at the limit; DependencyUnavailable as `RequestDeadline.run` */
  async run<T>(read: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else if (this.#waiting.length < mostWaiting) await new Promise<void>((turn) => void this.#waiting.push(turn))
    else throw unavailable('Too many requests that read are in progress, try again.', retryAfterSeconds)
    const begun = performance.now()
    try {
      return await this.#deadline.run(read)
    } finally {
      this.#pass(performance.now() - begun)
    }
  }

  #pass(durationMs: number): void {
    const pass = (): void => {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
    if (this.#waiting.length === 0) pass()
    else setTimeout(pass, Math.min(longestPauseMs, durationMs * pauseRatio))
  }
}
