import { actFailed, type Actor, actsDone, beginActs, messageOf, statement } from '@order-saga/chassis'
import { type StoreName, storeNames } from '../../audit/sources.ts'
import { assertRecordable } from '../acts/assert-recordable.ts'
import { fromNow } from '../duration.ts'
import { type Result, UsageError } from '../result.ts'
import { counted, table } from '../table.ts'
import type { Workplace } from '../workplace.ts'

export interface ParkedEvent {
  readonly store: StoreName
  readonly eventId: string
  readonly event: string
  readonly sagaId: string
  readonly orderId: string
  readonly reason: string
  readonly attempts: number
  readonly createdAt: Date
  readonly parkedAt: Date
}

export interface ParkedSelection {
  readonly ids?: readonly string[] | undefined
  /** A service with an outbox. */
  readonly service?: string | undefined
}

// By the index that holds nothing but parked events.
const parked = `SELECT event_id AS "eventId", routing_key AS event, saga_id AS "sagaId", order_id AS "orderId",
    park_reason AS reason, attempts, created_at AS "createdAt", parked_at AS "parkedAt"
  FROM events WHERE parked_at IS NOT NULL AND published_at IS NULL
    AND ($1::uuid[] IS NULL OR event_id = ANY($1::uuid[])) ORDER BY parked_at, event_id LIMIT $2`

/** As a row that was never tried: any relay may take it, and the time until it is parked again begins anew. */
const release = statement(
  'outbox-release',
  `UPDATE events SET parked_at = NULL, park_reason = NULL, unroutable_since = NULL, attempts = 0, lease_until = $2
   WHERE event_id = $1 AND parked_at IS NOT NULL AND published_at IS NULL RETURNING event_id`,
)

/** The events the relays have set aside, the longest parked first. */
export async function listParked(workplace: Workplace, selection: ParkedSelection, limit: number): Promise<Result> {
  const events = await readParked(workplace, selection, limit)
  return resultOf(events, workplace.now(), selection, { words: 'parked', wrong: false })
}

/** What would be released; changes nothing. */
export async function foreseeRelease(workplace: Workplace, selection: ParkedSelection): Promise<Result> {
  const events = await readParked(workplace, selection, null)
  const missing = missingOf(events, selection)
  return resultOf(events, workplace.now(), selection, { words: 'would be released', wrong: missing.length > 0 })
}

/** Has the relays try parked events again, as if they had just been appended. */
export async function releaseParked(workplace: Workplace, selection: ParkedSelection, actor: Actor): Promise<Result> {
  await workplace.using('order', assertRecordable)
  const events = await readParked(workplace, selection, null)
  const acts = events.map(({ store, eventId, event, sagaId, reason, attempts }) => ({
    act: 'release' as const,
    subject: eventId,
    place: `${store} outbox`,
    event,
    sagaId,
    detail: { reason, attempts },
  }))
  const actIds = await workplace.using('order', (database) => beginActs(database, actor, acts))
  const released: ParkedEvent[] = []
  for (const [i, event] of events.entries()) {
    const [actId = ''] = actIds.slice(i, i + 1)
    try {
      const rows = await workplace.using(event.store, (database) =>
        database.query(release, [event.eventId, workplace.now()]),
      )
      if (rows.length === 0) throw new Error('it is parked no longer')
      released.push(event)
    } catch (error) {
      await workplace.using('order', (database) => actFailed(database, actId, messageOf(error)))
      continue
    }
    await workplace.using('order', (database) => actsDone(database, [actId], workplace.now()))
  }
  const wrong = released.length < events.length || missingOf(events, selection).length > 0
  return resultOf(released, workplace.now(), selection, { words: 'released', wrong })
}

async function readParked(
  workplace: Workplace,
  { ids, service }: ParkedSelection,
  limit: number | null,
): Promise<ParkedEvent[]> {
  const stores = storeNames.filter((store) => service === undefined || store === service)
  if (stores.length === 0) {
    throw new UsageError(`--service ${service} has no outbox: give one of ${storeNames.join(', ')}.`)
  }
  const databases = await workplace.databases()
  return await workplace.reading(async () => {
    const found: ParkedEvent[] = []
    for (const store of stores) {
      const rows = await databases[store].read<Omit<ParkedEvent, 'store'>>(parked, [ids ?? null, limit])
      found.push(...rows.map((row) => ({ store, ...row })))
    }
    return limit === null ? found : found.slice(0, limit)
  })
}

function missingOf(events: readonly ParkedEvent[], { ids }: ParkedSelection): string[] {
  return (ids ?? []).filter((id) => !events.some(({ eventId }) => eventId === id))
}

function resultOf(
  events: readonly ParkedEvent[],
  now: Date,
  selection: ParkedSelection,
  { words, wrong }: { words: string; wrong: boolean },
): Result {
  const rows = events.map((event) => [
    event.eventId,
    event.store,
    event.event,
    event.sagaId,
    fromNow(event.parkedAt, now),
    String(event.attempts),
    event.reason,
  ])
  const missing = missingOf(events, selection)
  return {
    items: events,
    summary: { shown: events.length, missing },
    text: [
      ...(rows.length === 0 ? [] : [table(['ID', 'OUTBOX', 'EVENT', 'SAGA', 'PARKED', 'ATTEMPTS', 'REASON'], rows)]),
      ...missing.map((id) => `No parked event has the id ${id}: outbox list shows them.`),
      `${counted(events.length, 'event')} ${words}`,
    ].join('\n'),
    wrong,
  }
}
