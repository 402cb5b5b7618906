import { setTimeout as delay } from 'node:timers/promises'
import { reasonOf } from './error-code.ts'

/** A process that is to run until it is stopped. */
export interface Supervised {
  readonly name: string
  /** Undefined while it does not run. */
  readonly pid: number | undefined
  /** Resolves, never rejects, with how the process started last ended. */
  readonly exited: Promise<string>
  /** Starts it again after it ended, as it was. */
  restart(signal: AbortSignal): Promise<void>
  /** Resolves when it has ended and what it left is removed. */
  stop(): Promise<void>
}

export interface SupervisorOptions {
  /** Receives one line per event of a process. */
  log: (line: string) => void
  /** Called after each end and each start, and awaited before `log` is called. Must not fail. */
  onChange?: () => void | Promise<void>
  /** Wait before the first new start; it doubles while the process ends soon, up to the longest. */
  firstWaitMs?: number
  longestWaitMs?: number
  /** A process that ran for so long is taken for healthy: the next wait is the first again. */
  steadyMs?: number
}

/** Restarts every process that exits by itself, and stops all in the reverse of the order in which they were added. */
export class Supervisor {
  readonly #options: Required<SupervisorOptions>
  readonly #tiers: Supervised[][] = []
  readonly #watches: Promise<void>[] = []
  readonly #stopping = new AbortController()

  constructor(options: SupervisorOptions) {
    const defaults = { onChange: () => undefined, firstWaitMs: 500, longestWaitMs: 30_000, steadyMs: 30_000 }
    this.#options = { ...defaults, ...options }
  }

  get members(): readonly Supervised[] {
    return this.#tiers.flat()
  }

  /** Takes charge of running processes, which are stopped together, before those added earlier. */
  async add(...members: Supervised[]): Promise<void> {
    this.#tiers.push(members)
    for (const member of members) this.#watches.push(this.#watch(member))
    await this.#options.onChange()
  }

  /** Stops everything, tier by tier. A process that resists does not keep the others from being stopped. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#watches)
    for (const tier of this.#tiers.toReversed()) {
      const outcomes = await Promise.allSettled(tier.map((member) => member.stop()))
      for (const outcome of outcomes) if (outcome.status === 'rejected') this.#options.log(reasonOf(outcome.reason))
    }
  }

  async #watch(member: Supervised): Promise<void> {
    const { signal } = this.#stopping
    const { log, onChange, firstWaitMs, longestWaitMs, steadyMs } = this.#options
    const stopping = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    let waitMs = firstWaitMs
    for (;;) {
      const since = performance.now()
      const end = await Promise.race([member.exited, stopping])
      if (signal.aborted) return
      await onChange()
      if (performance.now() - since >= steadyMs) waitMs = firstWaitMs
      log(`${member.name} ended (${end ?? 'unknown'}); starting it again in ${waitMs / 1000} s`)
      try {
        await delay(waitMs, undefined, { signal })
        await member.restart(signal)
        await onChange()
        log(`${member.name} runs again, pid ${member.pid}`)
      } catch (error) {
        if (signal.aborted) return
        await onChange()
        log(`${member.name} could not be started again: ${reasonOf(error)}`)
      }
      waitMs = Math.min(waitMs * 2, longestWaitMs)
    }
  }
}
