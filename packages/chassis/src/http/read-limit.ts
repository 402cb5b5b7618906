import { RequestDeadline } from './request-deadline.ts'
import { unavailable } from './problem.ts'

/** Requests that read, running and waiting for a connection: more would reach their deadline first. Chosen, not measured. */
const mostInProgress = 200
const retryAfterSeconds = 1

/**
 * Bounds the requests that read: each has a deadline, and only so many may be in progress. The rest is up to the pool of
 * connections for reads: it runs a few at once, so a flood of reads leaves database and processor to the requests that write.
 */
export class ReadLimit {
  readonly #deadline: RequestDeadline
  #inProgress = 0

  /** @param callTimeoutMs as `RequestDeadline` */
  constructor(callTimeoutMs?: number) {
    this.#deadline = new RequestDeadline('database', callTimeoutMs)
  }

  /** @throws Problem 503 with Retry-After at the limit; DependencyUnavailable as `RequestDeadline.run` */
  async run<T>(read: () => Promise<T>): Promise<T> {
    if (this.#inProgress >= mostInProgress) {
      throw unavailable('Too many requests that read are in progress, try again.', retryAfterSeconds)
    }
    this.#inProgress += 1
    try {
      return await this.#deadline.run(read)
    } finally {
      this.#inProgress -= 1
    }
  }
}
