import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { Problem } from '../problem.ts'
import type { Caller } from './caller.ts'

/** Limits the requests of each caller, by issuer and subject, in this process. */
export class CallerLimit {
  readonly #limiter: RateLimiterMemory

  constructor(requestsPerSecond: number) {
    this.#limiter = new RateLimiterMemory({ points: requestsPerSecond, duration: 1 })
  }

  /** @throws Problem 429 with Retry-After when the caller has used up this second's requests */
  async count({ issuer, subject }: Caller): Promise<void> {
    try {
      await this.#limiter.consume(JSON.stringify([issuer, subject]))
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error
      throw callerLimitReached(Math.max(1, Math.ceil(error.msBeforeNext / 1_000)))
    }
  }
}

export function callerLimitReached(retryAfterSeconds: number): Problem {
  return new Problem(429, 'This caller has sent too many requests, try again.', {
    headers: { 'retry-after': String(retryAfterSeconds) },
  })
}
