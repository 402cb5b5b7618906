import { setTimeout as sleep } from 'node:timers/promises'
import { DependencyUnavailable } from '../core/errors.ts'
import { RequestDeadline } from './request-deadline.ts'
import { type Problem, unavailable } from './problem.ts'

export interface ReadLimitOptions {
  /** Reads that run at once: the connections for reads. */
  readonly concurrency: number
  /** As of `RequestDeadline`, for a running read. */
  readonly callTimeoutMs?: number | undefined
  /** Whether requests that write are in progress. */
  readonly isWriting?: () => boolean
}

interface WaitingRead {
  readonly start: () => void
  readonly reject: (error: Error) => void
}

/** Reads that wait for their turn: at the pace of a flood, about four seconds. Chosen. */
const mostWaiting = 200
const retryAfterSeconds = 1
/**
 * While others wait, a turn pauses after a read for so many times its duration. The duration does not include the work on
 * the response. By `make bench-reads` the p99 of POST /orders beside 60 clients was, on two shared processors, 1.9 times that
 * without them with 7, and 1.0 times with 15.
 */
const pauseRatio = 15
/** A slow read must not delay those that wait by a multiple of its own time. Chosen. */
const longestPauseMs = 100
/** A turn lets writes complete first for at most this time: under a steady load of writes, reads continue. Chosen. */
const longestYieldMs = 50
const yieldStepMs = 2

export const tooManyReads = (): Problem =>
  unavailable('Too many requests that read are in progress, try again.', retryAfterSeconds)

/**
 * Bounds the requests that read. A few run at once, others wait for their turn, and above a limit they are refused. While
 * reads wait, each turn pauses after a read, and then lets writes in progress complete: clients that read without a pause
 * would use all of the processor and of the database, and requests that write would wait behind them. Without a queue
 * nothing pauses.
 */
export class ReadLimit {
  readonly #deadline: RequestDeadline
  readonly #isWriting: () => boolean
  readonly #waiting: WaitingRead[] = []
  #free: number

  constructor({ concurrency, callTimeoutMs, isWriting = () => false }: ReadLimitOptions) {
    this.#deadline = new RequestDeadline('database', callTimeoutMs)
    this.#isWriting = isWriting
    this.#free = concurrency
  }

  /** @throws Problem 503 with Retry-After at the limit; DependencyUnavailable as `RequestDeadline.run` */
  async run<T>(read: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else if (this.#waiting.length < mostWaiting) {
      await new Promise<void>((start, reject) => void this.#waiting.push({ start, reject }))
    } else throw tooManyReads()
    const begun = performance.now()
    try {
      return await this.#deadline.run(read)
    } catch (error) {
      // Each of those that wait would reach its own deadline, one after the other.
      if (error instanceof DependencyUnavailable) for (const { reject } of this.#waiting.splice(0)) reject(error)
      throw error
    } finally {
      void this.#pass(performance.now() - begun)
    }
  }

  /** Gives the turn to the next read. */
  async #pass(durationMs: number): Promise<void> {
    if (this.#waiting.length > 0) {
      await sleep(Math.min(longestPauseMs, durationMs * pauseRatio))
      const end = performance.now() + longestYieldMs
      while (this.#isWriting() && performance.now() < end) await sleep(yieldStepMs)
    }
    const next = this.#waiting.shift()
    if (next === undefined) this.#free += 1
    else next.start()
  }
}
