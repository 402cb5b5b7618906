import { type ServiceName, services } from '@order-saga/contracts'
import type { System } from '../../support/system.ts'

const sampleMs = 500
const mebibyte = 1024 * 1024

/** The memory limit of each pod in the chart. */
export const memoryLimitMiB = 320
/** The heap limit in the chart. The default on a larger machine is higher, so garbage collection would run less often. */
export const podEnvironment = { NODE_OPTIONS: '--max-old-space-size=160' }

/** Samples the resident memory of the services from their metrics. */
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
