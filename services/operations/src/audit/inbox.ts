import type { ReadOnlyDatabase } from './read-only-database.ts'

// By id alone: the consumer's name is the queue's, which the platform may have renamed since.
const unprocessed = `SELECT wanted.event_id AS "eventId" FROM unnest($1::uuid[]) AS wanted (event_id)
  WHERE NOT EXISTS (SELECT FROM processed_events p WHERE p.event_id = wanted.event_id)`
const absent = `SELECT wanted.event_id AS "eventId" FROM unnest($1::uuid[]) AS wanted (event_id)
  WHERE NOT EXISTS (SELECT FROM events e WHERE e.event_id = wanted.event_id)`

/** Those of the events that have had no effect at this database's service. */
export async function unprocessedAt(database: ReadOnlyDatabase, eventIds: readonly string[]): Promise<string[]> {
  return await idsFrom(database, unprocessed, eventIds)
}

/** Those of the events that this database's outbox does not hold. */
export async function absentFrom(database: ReadOnlyDatabase, eventIds: readonly string[]): Promise<string[]> {
  return await idsFrom(database, absent, eventIds)
}

async function idsFrom(database: ReadOnlyDatabase, text: string, eventIds: readonly string[]): Promise<string[]> {
  if (eventIds.length === 0) return []
  return (await database.read<{ eventId: string }>(text, [eventIds])).map(({ eventId }) => eventId)
}
