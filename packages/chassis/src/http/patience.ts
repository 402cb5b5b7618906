import { Breaker } from '../core/breaker.ts'
import { DependencyUnavailable } from '../core/errors.ts'

/** How long a request waits for a dependency that is known to be away. */
const awayMs = 500

/** How often, at the least, one request is sent to see whether the dependency is back. */
const trialMs = 1_000

/** Failures in a row that tell of a dependency that is away, and not of one request that was too much for it. */
const threshold = 5

/**
 * How long an HTTP request waits for what it depends on. A consumer holds its message until the database is back; a
 * client that is kept waiting gives up anyway, repeats, and adds to the load, so it is told soon to come again.
 */
export class Patience {
  readonly #dependency: string
  readonly #answerMs: number
  readonly #breaker: Breaker

  /**
   * @param dependency its name, for the answer
   * @param answerMs how long a request waits for its answer
   */
  constructor(dependency: string, answerMs = 2_500) {
    this.#dependency = dependency
    this.#answerMs = answerMs
    this.#breaker = new Breaker({ name: dependency, threshold, maxWaitMs: trialMs })
  }

  /**
   * The signal is aborted when nobody waits for the result any more; work that has not begun by then should not begin.
   * @throws DependencyUnavailable at the limit, or when `work` does. The work may still take effect after the limit.
   */
  async run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limit = new Limit(this.#dependency)
    limit.set(awayMs)
    try {
      return await this.#breaker.run(async () => {
        limit.set(this.#answerMs)
        return await Promise.race([work(limit.signal), limit.passed])
      }, limit.signal)
    } finally {
      limit.clear()
    }
  }
}

/** A limit passes in steps, so that a time in which this process itself was held up, with answers unread, counts as one. */
const steps = 5

/** A time limit that can be set anew; when it passes, its signal is aborted and `passed` rejects. */
class Limit {
  readonly #controller = new AbortController()
  readonly #name: string
  readonly passed: Promise<never>
  #reject: (error: Error) => void = () => undefined
  #timer: NodeJS.Timeout | undefined

  constructor(name: string) {
    this.#name = name
    this.passed = new Promise<never>((_, reject) => {
      this.#reject = reject
    })
    this.passed.catch(() => undefined)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  set(ms: number): void {
    this.clear()
    let left = steps
    this.#timer = setInterval(() => {
      left -= 1
      if (left === 0) this.#pass(ms)
    }, ms / steps)
  }

  clear(): void {
    clearInterval(this.#timer)
  }

  #pass(ms: number): void {
    this.clear()
    const error = new DependencyUnavailable(this.#name, `no answer within ${ms} ms`)
    this.#controller.abort(error)
    this.#reject(error)
  }
}
