import type { SagaEvent } from './order-facts.ts'
import { type Databases, eventsMissingIn } from './read-only-database.ts'
import { consumersOf, type StoreName, storeNames } from '../inspect/stores.ts'

// The ids of one page are a narrow range. With the range condition the planner uses the index; with a long list alone it
// would scan the table.
const eventsOf = `SELECT event_id AS "eventId", saga_id AS "sagaId", routing_key AS name, causation_id AS "causationId",
    published_at AS "publishedAt", parked_at IS NOT NULL AND published_at IS NULL AS parked,
    payload->>'amount' AS amount, payload->>'currency' AS currency
  FROM unnest($1::uuid[]) AS wanted (saga_id) JOIN events USING (saga_id) WHERE saga_id BETWEEN $2 AND $3`

export type EventsBySaga = ReadonlyMap<string, readonly SagaEvent[]>

/** The events of these sagas in the outboxes; an empty list for a saga without. */
export async function readEvents(databases: Databases, sagaIds: readonly string[]): Promise<EventsBySaga> {
  const bySaga = new Map<string, SagaEvent[]>(sagaIds.map((sagaId) => [sagaId, []]))
  if (sagaIds.length === 0) return bySaga
  const sorted = [...bySaga.keys()].toSorted()
  await Promise.all(
    storeNames.map(async (store) => {
      for (const row of await databases[store].read<Omit<SagaEvent, 'store'>>(eventsOf, [
        sorted,
        sorted[0],
        sorted.at(-1),
      ])) {
        bySaga.get(row.sagaId)?.push({ store, ...row })
      }
    }),
  )
  return bySaga
}

/**
 * The sagas with an event in flight. A parked event is not in flight. Inbox rows older than `inboxSince` are removed, so an
 * event published earlier counts as processed.
 */
export async function sagasInFlight(
  databases: Databases,
  events: EventsBySaga,
  inboxSince: Date,
): Promise<ReadonlySet<string>> {
  const inFlight = new Set<string>()
  const toProcess: Record<StoreName, string[]> = { order: [], payment: [], inventory: [] }
  const sagaOf = new Map<string, string>()
  for (const { eventId, sagaId, name, publishedAt, parked } of [...events.values()].flat()) {
    if (publishedAt === null) {
      if (!parked) inFlight.add(sagaId)
    } else if (publishedAt >= inboxSince) {
      sagaOf.set(eventId, sagaId)
      for (const consumer of consumersOf(name)) toProcess[consumer].push(eventId)
    }
  }
  await Promise.all(
    storeNames.map(async (store) => {
      for (const eventId of await eventsMissingIn(databases[store], 'processed_events', toProcess[store])) {
        inFlight.add(sagaOf.get(eventId) as string)
      }
    }),
  )
  return inFlight
}
