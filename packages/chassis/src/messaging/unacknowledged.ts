import { Gauge } from 'prom-client'
import type { ChassisMetrics } from '../core/metrics.ts'
import type { Consumer } from './consumer.ts'

/** Longer than a charge or an e-mail takes by default, which is 60 s at most. */
const limitMs = 120_000

type Watched = Pick<Consumer, 'queue' | 'oldestUnsettledMs'>

/** Exports the age of each consumer's oldest unacknowledged delivery, as it is at the moment of a scrape. */
export function exportUnacknowledged({ registry }: ChassisMetrics, consumers: readonly Watched[]): void {
  const gauge = new Gauge({
    name: 'consumer_oldest_unacknowledged_seconds',
    help: "Age of the consumer's oldest unacknowledged delivery, 0 when there is none; take the maximum over pods.",
    labelNames: ['queue'],
    registers: [registry],
    collect: () => {
      for (const { queue, oldestUnsettledMs } of consumers) gauge.set({ queue }, oldestUnsettledMs / 1000)
    },
  })
}

/** A sentence for each consumer that retains a delivery for more than two minutes. */
export function stalledConsumers(consumers: readonly Watched[]): string[] {
  return consumers
    .filter(({ oldestUnsettledMs }) => oldestUnsettledMs > limitMs)
    .map(
      ({ queue, oldestUnsettledMs }) =>
        `A delivery of ${queue} has been unacknowledged for ${Math.round(oldestUnsettledMs / 1000)} s.`,
    )
}
