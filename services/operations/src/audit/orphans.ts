import { clockSlackMs, type ResolvedOptions } from './options.ts'
import { type Databases, eventsMissingIn } from './read-only-database.ts'
import { publishersFor, type StoreName, storeNames } from '../inspect/stores.ts'
import type { AuditCounts } from './audit-counts.ts'

interface Processed {
  readonly eventId: string
  readonly consumer: string
}

// Only a UUIDv7 contains a time. For an event with another id, only its processing time is known.
const hasTime = "substr(event_id::text, 15, 1) = '7'"
const processedAfter = `SELECT event_id AS "eventId", consumer FROM processed_events
  WHERE (event_id, consumer) > ($1::uuid, $2::text) AND (${hasTime} OR processed_at >= $4)
  ORDER BY event_id, consumer LIMIT $3`
// Ids without a time that sort before the first id of the retention period. ORDER BY processed_at makes the planner use the
// index on it; with ORDER BY event_id it would scan all old ids.
const withoutTime = `SELECT event_id AS "eventId", consumer FROM processed_events
  WHERE processed_at >= $1 AND event_id < $2::uuid AND NOT ${hasTime}
  ORDER BY processed_at LIMIT $3`

/**
 * Invariant 5, from inbox to outbox: every processed event is in the outbox of a publisher, and was processed under one
 * consumer name. Limited to events of the outbox retention period, by the time in their id.
 */
export async function auditOrphans(
  databases: Databases,
  counts: AuditCounts,
  options: ResolvedOptions,
  foreign: ReadonlySet<string> = new Set(),
): Promise<void> {
  const since = new Date(options.now().getTime() - options.outboxRetentionMs + clockSlackMs)
  const from = lowestIdAt(since)
  for (const store of storeNames) {
    const database = databases[store]
    const found = await database.read<Processed>(withoutTime, [since, from, options.pageSize])
    found.sort((a, b) => (a.eventId < b.eventId ? -1 : 1))
    await check(store, found, undefined)
    let last: Processed = { eventId: from, consumer: '' }
    for (;;) {
      const { eventId, consumer } = last
      const page = await database.read<Processed>(processedAfter, [eventId, consumer, options.pageSize, since])
      await check(store, page, last)
      last = page.at(-1) ?? last
      if (page.length < options.pageSize) break
    }
  }

  async function check(store: StoreName, page: readonly Processed[], before: Processed | undefined): Promise<void> {
    const twice = page.filter(({ eventId }, i) => eventId === (page[i - 1] ?? before)?.eventId)
    const ids = twice.map(({ eventId }) => eventId)
    counts.violation('events', `processed by ${store} under two consumer names`, ids)
    let absent = [...new Set(page.map(({ eventId }) => eventId))].filter((eventId) => !foreign.has(eventId))
    for (const publisher of publishersFor(store)) absent = await eventsMissingIn(databases[publisher], 'events', absent)
    counts.violation('events', `processed by ${store}, but in no outbox`, absent)
  }
}

/** The lowest UUIDv7 of the instant: events appended since have ids that are not lower. */
export function lowestIdAt(at: Date): string {
  const hex = Math.max(0, at.getTime()).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}
