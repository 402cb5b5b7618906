import type { ChassisMetrics } from '../core/metrics.ts'
import { type Database, statement } from './database.ts'

const measure = statement(
  'outbox-gauges',
  `SELECT pending.count AS pending, pending.oldest AS oldest, pending.unroutable + parked.unroutable AS unroutable,
     parked.count AS parked FROM
     (SELECT count(*) AS count, min(created_at) AS oldest, count(unroutable_since) AS unroutable
      FROM events WHERE published_at IS NULL AND parked_at IS NULL) pending,
     (SELECT count(*) AS count, count(unroutable_since) AS unroutable FROM events WHERE parked_at IS NOT NULL AND published_at IS NULL) parked`,
)

/** Reads the outbox once and sets its gauges. */
export async function measureOutbox(database: Database, metrics: ChassisMetrics, now: Date): Promise<void> {
  const [row] = await database.query<{
    pending: number
    oldest: Date | null
    unroutable: number
    parked: number
  }>(measure)
  metrics.outboxPending.set(row?.pending ?? 0)
  metrics.outboxParked.set(row?.parked ?? 0)
  metrics.outboxUnroutable.set(row?.unroutable ?? 0)
  const oldest = row?.oldest ?? now
  metrics.outboxOldestPending.set(Math.max(0, now.getTime() - oldest.getTime()) / 1000)
}
