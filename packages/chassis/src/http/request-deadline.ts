import { Breaker } from '../core/breaker.ts'
import { DependencyUnavailable } from '../core/errors.ts'

/** How long a request waits while the breaker is open. With the 2.5 s for the call, every response is sent within 3 s. */
const openBreakerMs = 500

/** The longest pause between two trial requests while the breaker is open: half of the `Retry-After` of a 503. */
const trialMs = 1_000

/** Consecutive failures that open the breaker; above 1, because one slow statement is no outage. Chosen, not measured. */
const threshold = 5

/**
 * Bounds the time for which an HTTP request waits for a dependency. A consumer retains its message until the dependency
 * is available again; an HTTP client would time out and retry, which adds load, so it gets a 503 early instead.
 */
export class RequestDeadline {
  readonly #dependency: string
  readonly #callTimeoutMs: number
  readonly #breaker: Breaker

  /**
   * @param dependency its name, for the response
   * @param callTimeoutMs how long a request waits for the dependency's response
   */
  constructor(dependency: string, callTimeoutMs = 2_500) {
    this.#dependency = dependency
    this.#callTimeoutMs = callTimeoutMs
    this.#breaker = new Breaker({ name: dependency, threshold, maxWaitMs: trialMs })
  }

  /**
   * Runs `work`. At the deadline the signal is aborted: work that has not started must not start.
   * @throws DependencyUnavailable at the deadline, or when `work` does. Work in flight may still take effect afterwards.
   */
  async run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    const { signal } = controller
    const abortAfter = (ms: number): NodeJS.Timeout =>
      afterSteps(ms, () => controller.abort(new DependencyUnavailable(this.#dependency, `no response within ${ms} ms`)))
    let timer = abortAfter(openBreakerMs)
    try {
      return await this.#breaker.run(async () => {
        clearInterval(timer)
        timer = abortAfter(this.#callTimeoutMs)
        return await Promise.race([work(signal), aborted(signal)])
      }, signal)
    } finally {
      clearInterval(timer)
    }
  }
}

/** A timeout is counted in steps: a pause of this process, which leaves responses unread in its sockets, counts as one step. */
const steps = 5

function afterSteps(ms: number, callback: () => void): NodeJS.Timeout {
  let left = steps
  const timer = setInterval(() => {
    left -= 1
    if (left > 0) return
    clearInterval(timer)
    callback()
  }, ms / steps)
  return timer
}

/** Rejects with the signal's reason when it is aborted. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
