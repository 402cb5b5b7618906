import { type ServiceName, services } from '@order-saga/contracts'
import { messageOf } from '@order-saga/chassis'
import { waitUntil } from '@order-saga/dev'
import { call } from '../support/call.ts'
import type { System } from '../support/system.ts'
import type { Fault } from './faults.ts'
import type { FaultRemoval } from './inject-fault.ts'

/** SHUTDOWN_TIMEOUT_MS of the services; `slackMs` more is tolerated. */
const graceMs = 25_000
const slackMs = 3_000
const watchMs = 250
const startLimitMs = 30_000
const faultWhileStartingRatio = 0.2

/** Injects faults into services, restarts them, and records unexpected exits, like a platform. */
export class ServiceSupervisor {
  readonly unexpectedExits: string[] = []
  /** The longest time from SIGTERM to exit. */
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

  async inject(service: ServiceName, { name: fault, chance }: Pick<Fault, 'name' | 'chance'>): Promise<FaultRemoval> {
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
      // The next fault may hit some services while they start; if it hit all, none would become ready on a slow machine.
      if (chance >= faultWhileStartingRatio) await this.#waitUntilAlive(service, startLimitMs)
    }
  }

  /** @returns false at the limit, for example because of another fault */
  async #waitUntilAlive(service: ServiceName, limitMs: number): Promise<boolean> {
    const { opsUrl } = this.#system.services[service]
    const isAlive = async (): Promise<boolean> => (await call(`${opsUrl}/healthz`, { limitMs })).status === 200
    return await waitUntil(isAlive, { what: `${service} to respond`, limitMs }).catch(() => false)
  }

  async #stop(service: ServiceName): Promise<void> {
    const process = this.#system.services[service]
    // A process that is still loading has no signal handler yet and exits by the signal.
    const alive = await this.#waitUntilAlive(service, slackMs)
    const from = performance.now()
    const failure = await process.stop().then(() => undefined, messageOf)
    const tookMs = Math.round(performance.now() - from)
    // At SHUTDOWN_TIMEOUT_MS it abandons unfinished work and exits with 1.
    const timedOut = tookMs >= graceMs && failure?.includes('exit code 1') === true
    if (alive && !timedOut && failure !== undefined) this.unexpectedExits.push(failure)
    this.longestStopMs = Math.max(this.longestStopMs, tookMs)
    if (tookMs > graceMs + slackMs) this.unexpectedExits.push(`${service} took ${tookMs} ms to exit after SIGTERM`)
  }

  async #watch(): Promise<void> {
    for (const service of services) {
      const process = this.#system.services[service]
      if (process.running || this.#down.has(service)) continue
      this.#down.add(service)
      this.unexpectedExits.push(`${service} exited unexpectedly: ${process.log.slice(-3).join(' / ')}`)
      await process.start()
      this.#down.delete(service)
    }
  }
}
