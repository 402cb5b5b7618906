import { EventEmitter, once } from 'node:events'
import { DependencyUnavailable } from './errors.ts'

export interface BreakerOptions {
  /** Name of the dependency, for logs and error texts. */
  readonly name: string
  /** Consecutive failures that open the breaker. */
  readonly threshold?: number
  /** Wait before the first trial; it doubles with every failed trial up to `maxWaitMs`. */
  readonly waitMs?: number
  readonly maxWaitMs?: number
  readonly onChange?: (state: 'open' | 'closed', reason: string) => void
}

/**
 * A circuit breaker for one dependency. While it is open, callers of `run` wait; after the wait one of them runs as a
 * trial, and its success closes the breaker. It counts only `DependencyUnavailable`: any other error means that the
 * dependency responded.
 */
export class Breaker {
  readonly #options: Required<Omit<BreakerOptions, 'onChange'>> & Pick<BreakerOptions, 'onChange'>
  #failures = 0
  #waitMs = 0
  #state: 'closed' | 'open' | 'trial' = 'closed'
  #timer: NodeJS.Timeout | undefined
  /** Wakes the callers that wait. */
  readonly #changes = new EventEmitter().setMaxListeners(0)
  #trialReady = false

  constructor(options: BreakerOptions) {
    this.#options = { threshold: 1, waitMs: 100, maxWaitMs: 5_000, ...options }
  }

  get isOpen(): boolean {
    return this.#state !== 'closed'
  }

  /**
   * Runs `work` once the breaker is closed, or as its trial.
   * @throws the error of `work`, or the signal's reason when it is aborted while waiting
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    while (this.#state !== 'closed' && !this.#takeTrial()) {
      await once(this.#changes, 'change', { signal }).catch(() => signal?.throwIfAborted())
    }
    try {
      const result = await work()
      this.#succeeded()
      return result
    } catch (error) {
      if (error instanceof DependencyUnavailable) this.#failed(error)
      else this.#succeeded()
      throw error
    }
  }

  #takeTrial(): boolean {
    if (!this.#trialReady) return false
    this.#trialReady = false
    this.#state = 'trial'
    return true
  }

  #succeeded(): void {
    this.#failures = 0
    this.#waitMs = 0
    if (this.#state === 'closed') return
    clearTimeout(this.#timer)
    this.#trialReady = false
    this.#state = 'closed'
    this.#options.onChange?.('closed', 'a call succeeded')
    this.#changes.emit('change')
  }

  #failed(error: Error): void {
    this.#failures += 1
    if (this.#state === 'closed' && this.#failures < this.#options.threshold) return
    if (this.#state === 'open') return
    if (this.#state === 'closed') this.#options.onChange?.('open', error.message)
    this.#state = 'open'
    this.#waitMs = Math.min(this.#options.maxWaitMs, this.#waitMs === 0 ? this.#options.waitMs : this.#waitMs * 2)
    this.#timer = setTimeout(() => {
      this.#trialReady = true
      this.#changes.emit('change')
    }, this.#waitMs)
    this.#timer.unref()
  }
}
