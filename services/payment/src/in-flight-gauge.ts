import { type ChassisMetrics, createGaugeRefresh, type Database, statement } from '@order-saga/chassis'
import { Gauge } from 'prom-client'

// Every intent without a result has a next attempt: the partial index has exactly these rows.
const oldestInFlight = statement(
  'payments-in-flight',
  `SELECT status, min(intended_at) AS oldest FROM payment_transactions WHERE next_attempt_at IS NOT NULL GROUP BY status`,
)

const operations = { charge: 'charging', refund: 'refunding' } as const

/** Exports the age of the oldest charge and refund whose result is not known. */
export function measureInFlight(
  { registry }: ChassisMetrics,
  database: Database,
  clock: () => Date,
): () => Promise<void> {
  const gauge = new Gauge({
    name: 'payment_oldest_in_flight_seconds',
    help: 'Age of the oldest charge or refund without a result from the provider, 0 when there is none; take the maximum over pods.',
    labelNames: ['operation'],
    registers: [registry],
  })
  return createGaugeRefresh([gauge], async () => {
    const rows = await database.query<{ status: string; oldest: Date | null }>(oldestInFlight)
    const now = clock().getTime()
    for (const [operation, status] of Object.entries(operations)) {
      const oldest = rows.find((row) => row.status === status)?.oldest?.getTime() ?? now
      gauge.set({ operation }, Math.max(0, now - oldest) / 1_000)
    }
  })
}
