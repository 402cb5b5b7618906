import { type ServiceName, services } from '@order-saga/contracts'
import type { System } from '../../support/system.ts'

const sampleMs = 500
const mebibyte = 1024 * 1024

/** What the chart gives a pod of each service; beyond it the platform kills the pod. */
export const memoryLimitMiB = 320
/** What Node allows itself there. On a larger machine it would let garbage lie for longer. */
export const asInThePod = { NODE_OPTIONS: '--max-old-space-size=160' }

/** Resident memory of the services, sampled as their metrics tell it. */
export class MemorySampler {
  readonly #system: System
  readonly #peaks = new Map<ServiceName, number>()
  readonly #timer: NodeJS.Timeout
  #sampling: Promise<void> = Promise.resolve()

  constructor(system: System) {
    this.#system = system
    this.#timer = setInterval(() => {
      this.#sampling = this.#sampling.then(() => this.#sample())
    }, sampleMs)
  }

  /** The largest sample of each service in MiB. */
  get peaks(): Record<ServiceName, number> {
    return Object.fromEntries(services.map((service) => [service, this.#peaks.get(service) ?? 0])) as Record<
      ServiceName,
      number
    >
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#sampling
  }

  async #sample(): Promise<void> {
    for (const service of services) {
      const metrics = await this.#system.metrics(service).catch(() => undefined)
      const mib = Math.round((metrics?.sum('process_resident_memory_bytes') ?? 0) / mebibyte)
      this.#peaks.set(service, Math.max(mib, this.#peaks.get(service) ?? 0))
    }
  }
}
