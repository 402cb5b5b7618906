import type { Trail } from '@order-saga/contracts'
import { type Database, statement } from './database.ts'

const published = statement(
  'trail-outbox',
  `SELECT event_id, routing_key, causation_id, created_at, published_at, attempts, park_reason FROM events
   WHERE saga_id = $1 ORDER BY created_at, event_id LIMIT 200`,
)
const handled = statement(
  'trail-inbox',
  'SELECT event_id, processed_at FROM processed_events WHERE consumer = $1 AND event_id = ANY($2::uuid[])',
)

interface OutboxRow {
  event_id: string
  routing_key: string
  causation_id: string | null
  created_at: Date
  published_at: Date | null
  attempts: number
  park_reason: string | null
}

/**
 * What outbox and inbox still hold of a saga: the events it made this service publish, and when this service handled those
 * that are asked about or that caused its own.
 */
export async function readDeliveries(
  database: Database,
  consumer: string,
  { sagaId, events }: { readonly sagaId: string; readonly events: readonly string[] },
): Promise<Pick<Trail, 'published' | 'handled'>> {
  const sent = await database.query<OutboxRow>(published, [sagaId])
  const ids = new Set([...events, ...sent.flatMap(({ causation_id }) => causation_id ?? [])])
  const seen = await database.query<{ event_id: string; processed_at: Date }>(handled, [consumer, [...ids]])
  return {
    published: sent.map((row) => ({
      eventId: row.event_id,
      name: row.routing_key,
      causationId: row.causation_id,
      at: row.created_at.toISOString(),
      publishedAt: row.published_at?.toISOString() ?? null,
      attempts: row.attempts,
      parkedBecause: row.park_reason,
    })),
    handled: seen.map((row) => ({ eventId: row.event_id, at: row.processed_at.toISOString() })),
  }
}
