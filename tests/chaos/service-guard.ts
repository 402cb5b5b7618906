import { type ServiceName, services } from '@order-saga/contracts'
import { messageOf } from '@order-saga/chassis'
import { waitUntil } from '@order-saga/dev'
import { call } from '../support/call.ts'
import type { System } from '../support/system.ts'
import type { Fault } from './faults.ts'
import type { Heal } from './strike.ts'

/** A service has this long to end when it is told to: its SHUTDOWN_TIMEOUT_MS, and some time to notice. */
const graceMs = 25_000
const slackMs = 3_000
const watchMs = 250
const startLimitMs = 30_000
const startingShare = 0.2

/** Strikes services and starts them again, and notes each that ends when nobody asked for it, as a platform would. */
export class ServiceGuard {
  /** Ends that should not have been. */
  readonly ends: string[] = []
  /** The longest time a service took to end after SIGTERM. */
  longestStopMs = 0
  readonly #system: System
  readonly #down = new Set<ServiceName>()
  readonly #timer: NodeJS.Timeout

  constructor(system: System) {
    this.#system = system
    this.#timer = setInterval(() => void this.#watch(), watchMs)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async strike(service: ServiceName, { name: fault, chance }: Pick<Fault, 'name' | 'chance'>): Promise<Heal> {
    const process = this.#system.services[service]
    if (fault === 'pause') {
      process.pause()
      return async () => process.resume()
    }
    this.#down.add(service)
    if (fault === 'kill') await process.kill()
    else await this.#stop(service)
    return async () => {
      await process.start()
      this.#down.delete(service)
      // Some are struck again while they start; if all were, a slow machine would never see them work.
      if (chance >= startingShare) await this.#begun(service, startLimitMs)
    }
  }

  /** Waits until the process answers; for no longer than the limit, because it may have been struck otherwise. */
  async #begun(service: ServiceName, limitMs: number): Promise<boolean> {
    const { opsUrl } = this.#system.services[service]
    const answers = async (): Promise<boolean> => (await call(`${opsUrl}/healthz`, { limitMs })).status === 200
    return await waitUntil(answers, { what: `${service} to answer`, limitMs }).catch(() => false)
  }

  async #stop(service: ServiceName): Promise<void> {
    const process = this.#system.services[service]
    // A process that is still being loaded has begun nothing, and ends by the signal itself.
    const begun = await this.#begun(service, slackMs)
    const from = performance.now()
    const trouble = await process.stop().then(() => undefined, messageOf)
    const tookMs = Math.round(performance.now() - from)
    // At its time limit it gives up what it still waits for, and says so by ending with 1.
    const gaveUp = tookMs >= graceMs && trouble?.includes('exit code 1') === true
    if (begun && !gaveUp && trouble !== undefined) this.ends.push(trouble)
    this.longestStopMs = Math.max(this.longestStopMs, tookMs)
    if (tookMs > graceMs + slackMs) this.ends.push(`${service} took ${tookMs} ms to end after SIGTERM`)
  }

  async #watch(): Promise<void> {
    for (const service of services) {
      const process = this.#system.services[service]
      if (process.running || this.#down.has(service)) continue
      this.#down.add(service)
      this.ends.push(`${service} ended unasked: ${process.log.slice(-3).join(' / ')}`)
      await process.start()
      this.#down.delete(service)
    }
  }
}
