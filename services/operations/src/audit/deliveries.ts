import { DeliverySuspects } from './delivery-suspects.ts'
import { FactsReader } from './facts-reader.ts'
import type { ResolvedOptions } from './options.ts'
import { type Databases, eventsMissingIn } from './read-only-database.ts'
import { consumersOf, type StoreName, storeNames } from '../inspect/stores.ts'
import type { BrokerSource } from './sources.ts'
import type { AuditCounts } from './audit-counts.ts'

interface PublishedEvent {
  readonly eventId: string
  readonly orderId: string
  readonly name: string
}

const beforeAll = '00000000-0000-0000-0000-000000000000'
const publishedAfter = `SELECT event_id AS "eventId", order_id AS "orderId", routing_key AS name FROM events
  WHERE event_id > $1::uuid AND published_at >= $3 AND published_at <= $4 ORDER BY event_id LIMIT $2`
const countEvents = 'SELECT count(*)::integer AS count FROM events'

/**
 * Invariant 5: every consumer with a database has processed every published event, or the event is in flight. Excludes
 * events younger than `settleMs` and events older than the inbox retention.
 */
export async function auditDeliveries(
  databases: Databases,
  counts: AuditCounts,
  options: ResolvedOptions,
  broker?: BrokerSource,
): Promise<void> {
  const reader = new FactsReader(databases)
  const suspects = new DeliverySuspects({ databases, reader, counts, options, broker })
  const now = options.now().getTime()
  const [from, until] = [new Date(now - options.inboxRetentionMs), new Date(now - options.settleMs)]
  for (const store of storeNames) {
    const [counted] = await databases[store].read<{ count: number }>(countEvents)
    counts.events += counted?.count ?? 0
    for (let after = beforeAll; ;) {
      const page = await databases[store].read<PublishedEvent>(publishedAfter, [after, options.pageSize, from, until])
      for (const consumer of storeNames) await check(consumer, page)
      const last = page.at(-1)
      if (last === undefined || page.length < options.pageSize) break
      after = last.eventId
    }
  }
  await suspects.finish()

  async function check(consumer: StoreName, page: readonly PublishedEvent[]): Promise<void> {
    const events = page.filter(({ name }) => consumersOf(name).includes(consumer))
    const ids = events.map(({ eventId }) => eventId)
    const missing = new Set(await eventsMissingIn(databases[consumer], 'processed_events', ids))
    for (const { eventId, orderId, name } of events) {
      if (missing.has(eventId)) await suspects.add({ consumer, eventId, orderId, name })
    }
  }
}
