import { statement } from '@order-saga/chassis'
import type { StoreReader } from './store.ts'

export interface OutboxState {
  readonly pending: number
  readonly oldest: Date | null
  readonly parked: number
}

export interface ParkedEvent {
  readonly eventId: string
  readonly event: string
  readonly sagaId: string
  readonly orderId: string
  readonly reason: string
  readonly attempts: number
  readonly createdAt: Date
  readonly parkedAt: Date
}

// Both read a partial index with exactly these rows.
const state = statement(
  'outbox-state',
  `SELECT pending.count AS pending, pending.oldest, parked.count AS parked FROM
  (SELECT count(*) AS count, min(created_at) AS oldest FROM events
     WHERE published_at IS NULL AND parked_at IS NULL) pending,
  (SELECT count(*) AS count FROM events WHERE parked_at IS NOT NULL AND published_at IS NULL) parked`,
)
const parked = statement(
  'outbox-parked',
  `SELECT event_id AS "eventId", routing_key AS event, saga_id AS "sagaId", order_id AS "orderId",
    park_reason AS reason, attempts, created_at AS "createdAt", parked_at AS "parkedAt"
  FROM events WHERE parked_at IS NOT NULL AND published_at IS NULL
    AND ($1::uuid[] IS NULL OR event_id = ANY($1::uuid[])) ORDER BY parked_at, event_id LIMIT $2`,
)

export async function readOutbox(database: StoreReader): Promise<OutboxState> {
  const [row] = await database.query<OutboxState>(state)
  return row as OutboxState
}

export async function readParkedEvents(
  database: StoreReader,
  { ids, limit }: { readonly ids?: readonly string[] | undefined; readonly limit: number | null },
): Promise<ParkedEvent[]> {
  return await database.query<ParkedEvent>(parked, [ids ?? null, limit])
}
