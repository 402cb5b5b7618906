import { Gauge, type Registry } from 'prom-client'
import type { BreakerOptions } from './breaker.ts'
import type { Log } from './log.ts'

type OnChange = NonNullable<BreakerOptions['onChange']>

/** Logs the changes of circuit breakers, and exports how long each has been open. */
export class BreakerGauge {
  readonly #openSince = new Map<string, number | undefined>()
  readonly #log: Log
  readonly #registry: Registry

  constructor(registry: Registry, log: Log) {
    this.#registry = registry
    this.#log = log
  }

  /** The `onChange` of the breaker of this dependency. */
  onChange(dependency: string): OnChange {
    if (this.#openSince.size === 0) this.#export()
    this.#openSince.set(dependency, undefined)
    return (state, reason) => {
      this.#openSince.set(dependency, state === 'open' ? performance.now() : undefined)
      this.#log.warn({ dependency, state, reason }, 'breaker changed')
    }
  }

  /** A process without breakers exports no metric of them. */
  #export(): void {
    const gauge = new Gauge({
      name: 'circuit_breaker_open_seconds',
      help: 'How long the circuit breaker of a dependency has been open, 0 while it is closed; take the maximum over pods.',
      labelNames: ['dependency'],
      registers: [this.#registry],
      collect: () => {
        for (const [dependency, since] of this.#openSince) {
          gauge.set({ dependency }, since === undefined ? 0 : (performance.now() - since) / 1_000)
        }
      },
    })
  }
}
