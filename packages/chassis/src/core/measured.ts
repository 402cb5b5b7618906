import type { Gauge } from 'prom-client'

/**
 * Makes reading some gauges from a database a task that can be repeated. Until the first read, and from one that failed to
 * the next that did not, the gauges are not exported at all: an old number would tell an outage as health.
 */
export function measured(gauges: readonly Gauge[], measure: () => Promise<void>): () => Promise<void> {
  const forget = (): void => {
    for (const gauge of gauges) {
      gauge.reset()
      gauge.remove({})
    }
  }
  forget()
  return async () => {
    try {
      await measure()
    } catch (error) {
      forget()
      throw error
    }
  }
}
