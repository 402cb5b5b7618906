import type { ChassisMetrics } from '../core/metrics.ts'
import { type Database, statement } from './database.ts'

const measure = statement(
  'outbox-gauges',
  `SELECT pending.count AS pending, pending.oldest AS oldest, parked.count AS parked FROM
     (SELECT count(*) AS count, min(created_at) AS oldest FROM events WHERE published_at IS NULL AND parked_at IS NULL) pending,
     (SELECT count(*) AS count FROM events WHERE parked_at IS NOT NULL AND published_at IS NULL) parked`,
)

/** Reads the outbox once and sets its gauges. */
export async function measureOutbox(database: Database, metrics: ChassisMetrics, now: Date): Promise<void> {
  const [row] = await database.query<{ pending: number; oldest: Date | null; parked: number }>(measure)
  metrics.outboxPending.set(row?.pending ?? 0)
  metrics.outboxParked.set(row?.parked ?? 0)
  const oldest = row?.oldest ?? now
  metrics.outboxOldestPending.set(Math.max(0, now.getTime() - oldest.getTime()) / 1000)
}
