import { messageOf, statement } from '@order-saga/chassis'
import { type Actor, actFailed, actsDone, assertRecordable, beginActs } from './operator-acts.ts'
import { type ParkedEvent, readParkedEvents } from './outboxes.ts'
import type { Store } from './store.ts'
import { type StoreName, storeNames } from './stores.ts'

export interface LocatedEvent extends ParkedEvent {
  readonly store: StoreName
}

export interface ParkedSelection {
  readonly ids?: readonly string[] | undefined
  readonly stores?: readonly StoreName[] | undefined
}

export interface ReleaseSources {
  readonly databases: Readonly<Record<StoreName, Pick<Store, 'query' | 'change'>>>
  readonly now: () => Date
}

/** Resets the row to its initial state: any relay may publish it, and the time until it is parked starts again. */
const release = statement(
  'outbox-release',
  `UPDATE events SET parked_at = NULL, park_reason = NULL, unroutable_since = NULL, attempts = 0, lease_until = $2
   WHERE event_id = $1 AND parked_at IS NOT NULL AND published_at IS NULL RETURNING event_id`,
)

export async function readParked(
  { databases }: Pick<ReleaseSources, 'databases'>,
  { ids, stores = storeNames }: ParkedSelection,
  limit: number | null,
): Promise<LocatedEvent[]> {
  const found: LocatedEvent[] = []
  for (const store of stores) {
    const rows = await readParkedEvents(databases[store], { ids, limit })
    found.push(...rows.map((row) => ({ store, ...row })))
  }
  return limit === null ? found : found.slice(0, limit)
}

/**
 * Lets the relays publish parked events again, as if they had just been appended; each is recorded as an act.
 * @returns those that were released: another operator may have been faster
 * @throws NotDone when acts cannot be recorded
 */
export async function releaseEvents(
  { databases, now }: ReleaseSources,
  events: readonly LocatedEvent[],
  actor: Actor,
): Promise<LocatedEvent[]> {
  await databases.order.change(assertRecordable)
  const acts = events.map(({ store, eventId, event, sagaId, reason, attempts }) => ({
    act: 'release' as const,
    subject: eventId,
    place: `${store} outbox`,
    event,
    sagaId,
    detail: { reason, attempts },
  }))
  const actIds = await databases.order.change((database) => beginActs(database, actor, acts))
  const released: LocatedEvent[] = []
  for (const [i, event] of events.entries()) {
    const [actId = ''] = actIds.slice(i, i + 1)
    try {
      const rows = await databases[event.store].change((database) => database.query(release, [event.eventId, now()]))
      if (rows.length === 0) throw new Error('the event is no longer parked')
      released.push(event)
    } catch (error) {
      await databases.order.change((database) => actFailed(database, actId, messageOf(error), now()))
      continue
    }
    await databases.order.change((database) => actsDone(database, [actId], now()))
  }
  return released
}
