import { DependencyUnavailable, messageOf } from './errors.ts'
import type { Log } from './log.ts'

/**
 * Runs `work` repeatedly with a pause between runs; runs never overlap. A failure is logged and the next run follows.
 * `stop` waits for the run in progress.
 */
export class Periodic {
  readonly #name: string
  readonly #intervalMs: number
  readonly #work: () => Promise<void>
  readonly #log: Log
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #stopped = false

  constructor(name: string, intervalMs: number, work: () => Promise<void>, log: Log) {
    this.#name = name
    this.#intervalMs = intervalMs
    this.#work = work
    this.#log = log
  }

  start(): void {
    this.#schedule(0)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(ms: number): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#running = Promise.resolve()
        .then(() => this.#work())
        .catch((error: unknown) => {
          // The owner of the connection has already logged that the dependency is unavailable.
          const level = error instanceof DependencyUnavailable ? 'debug' : 'error'
          this.#log[level](
            { task: this.#name, reason: messageOf(error) },
            'periodic task failed; it runs again after its interval',
          )
        })
        .then(() => this.#schedule(this.#intervalMs))
    }, ms)
  }
}
