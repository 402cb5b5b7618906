import { clockSlackMs, type ResolvedOptions } from './options.ts'
import { type Databases, eventsMissingIn } from './read-only-database.ts'
import { publishersFor, type StoreName, storeNames } from '../inspect/stores.ts'
import type { AuditCounts } from './audit-counts.ts'

interface Processed {
  readonly eventId: string
  readonly consumer: string
}

// An id of another kind than ours tells no time: of its event it is known only when it was processed.
const tellsTime = "substr(event_id::text, 15, 1) = '7'"
const processedAfter = `SELECT event_id AS "eventId", consumer FROM processed_events
  WHERE (event_id, consumer) > ($1::uuid, $2::text) AND (${tellsTime} OR processed_at >= $4)
  ORDER BY event_id, consumer LIMIT $3`
// Such ids that sort among those too old to ask about. Ordered by what the age index serves: the order of
// the ids would have the planner walk through all the old ones in hope of an early match.
const strangers = `SELECT event_id AS "eventId", consumer FROM processed_events
  WHERE processed_at >= $1 AND event_id < $2::uuid AND NOT ${tellsTime}
  ORDER BY processed_at LIMIT $3`

/**
 * Invariant 5, the other way round: whatever was processed was published by somebody who remembers it, and each event
 * was processed once. Asked of events made since the outboxes were last cleaned: an event's id tells when it was made.
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
    const timeless = await database.read<Processed>(strangers, [since, from, options.pageSize])
    await check(
      store,
      timeless.toSorted((a, b) => (a.eventId < b.eventId ? -1 : 1)),
      undefined,
    )
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
    counts.violation(
      'events',
      `processed by ${store} under two names`,
      twice.map(({ eventId }) => eventId),
    )
    let absent = [...new Set(page.map(({ eventId }) => eventId))].filter((eventId) => !foreign.has(eventId))
    for (const publisher of publishersFor(store)) absent = await eventsMissingIn(databases[publisher], 'events', absent)
    counts.violation('events', `processed by ${store}, and in nobody's outbox`, absent)
  }
}

/** The lowest UUIDv7 of the instant: events appended since have ids that are not lower. */
export function lowestIdAt(at: Date): string {
  const hex = Math.max(0, at.getTime()).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}
