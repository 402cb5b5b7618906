import type { Gauge } from 'prom-client'

/**
 * Wraps a measurement that sets the gauges. They are not exported before the first success, nor from a failure until the
 * next success: a stale value would show a healthy system during an outage.
 */
export function createGaugeRefresh(gauges: readonly Gauge[], measure: () => Promise<void>): () => Promise<void> {
  const clear = (): void => {
    for (const gauge of gauges) {
      gauge.reset()
      gauge.remove({})
    }
  }
  clear()
  return async () => {
    try {
      await measure()
    } catch (error) {
      clear()
      throw error
    }
  }
}
