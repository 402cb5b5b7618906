import { DependencyUnavailable, messageOf } from './errors.ts'
import type { Log } from './log.ts'

/**
 * Repeats `work` with a pause between two runs; runs never overlap. A failure is logged and does not end it. `stop`
 * waits for the run that is under way.
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
          // A dependency that is away has been reported by whoever noticed it first.
          const level = error instanceof DependencyUnavailable ? 'debug' : 'error'
          this.#log[level]({ task: this.#name, reason: messageOf(error) }, 'a periodic task failed, it will run again')
        })
        .then(() => this.#schedule(this.#intervalMs))
    }, ms)
  }
}
