import type { Breaker } from '../runtime/breaker.ts'
import { DependencyUnavailable } from '../runtime/errors.ts'

export interface PatienceOptions {
  /** Name of the dependency, for the answer. */
  readonly name: string
  readonly breaker: Breaker
  /** How long a request waits for a dependency that is known to be away. */
  readonly awayMs?: number
  /** How long it waits for the answer of one that is not. */
  readonly answerMs?: number
}

/**
 * How long an HTTP request waits for what it depends on. A consumer holds its message until the database is back; a
 * client that is kept waiting gives up anyway, repeats, and adds to the load, so it is told soon to come again.
 */
export class Patience {
  readonly #options: Required<PatienceOptions>

  constructor(options: PatienceOptions) {
    this.#options = { awayMs: 500, answerMs: 2_500, ...options }
  }

  /**
   * The signal is aborted when nobody waits for the result any more; work that has not begun by then should not begin.
   * @throws DependencyUnavailable at the limit, or when `work` does. The work may still take effect after the limit.
   */
  async run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { name, breaker, awayMs, answerMs } = this.#options
    const limit = new Limit(name)
    limit.set(awayMs)
    try {
      return await breaker.run(async () => {
        limit.set(answerMs)
        return await Promise.race([work(limit.signal), limit.passed])
      }, limit.signal)
    } finally {
      limit.clear()
    }
  }
}

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
    this.#timer = setTimeout(() => {
      const error = new DependencyUnavailable(this.#name, `no answer within ${ms} ms`)
      this.#controller.abort(error)
      this.#reject(error)
    }, ms)
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
}
