import { Breaker } from '../core/breaker.ts'
import { DependencyUnavailable } from '../core/errors.ts'

/** How long a request waits while the breaker is open. With the answer's 2.5 s, every request is answered within 3 s. */
const openBreakerMs = 500

/** The longest pause between two trial requests while the breaker is open: half of the `Retry-After` of a 503. */
const trialMs = 1_000

/** Failures in a row that open the breaker: more than the one request whose own statement took too long. Chosen, not measured. */
const threshold = 5

/**
 * Bounds the time for which an HTTP request waits for a dependency. A consumer retains its message until the dependency
 * is available again; an HTTP client would time out and repeat, which adds load, so it gets a 503 early instead.
 */
export class RequestDeadline {
  readonly #dependency: string
  readonly #answerMs: number
  readonly #breaker: Breaker

  /**
   * @param dependency its name, for the answer
   * @param answerMs how long a request waits for the dependency's answer
   */
  constructor(dependency: string, answerMs = 2_500) {
    this.#dependency = dependency
    this.#answerMs = answerMs
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
      afterSteps(ms, () => controller.abort(new DependencyUnavailable(this.#dependency, `no answer within ${ms} ms`)))
    let timer = abortAfter(openBreakerMs)
    try {
      return await this.#breaker.run(async () => {
        clearInterval(timer)
        timer = abortAfter(this.#answerMs)
        return await Promise.race([work(signal), aborted(signal)])
      }, signal)
    } finally {
      clearInterval(timer)
    }
  }
}

/** Time is counted in steps, so that a pause of this process, with answers unread in its sockets, counts as one step only. */
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
