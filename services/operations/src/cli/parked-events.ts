import { messageOf, statement } from '@order-saga/chassis'
import { type Actor, actFailed, actsDone, assertRecordable, beginActs } from '../inspect/operator-acts.ts'
import { type ParkedEvent, readParkedEvents } from '../inspect/outboxes.ts'
import { type StoreName, storeNames } from '../inspect/stores.ts'
import type { CommandContext } from './command-context.ts'
import { type Result, UsageError } from './result.ts'
import { fromNow, tableOf } from './text.ts'
import { counted } from '../audit/format-report.ts'

interface LocatedEvent extends ParkedEvent {
  readonly store: StoreName
}

export interface ParkedSelection {
  readonly ids?: readonly string[] | undefined
  readonly service?: string | undefined
}

/** Resets the row to its initial state: any relay may publish it, and the time until it is parked starts again. */
const release = statement(
  'outbox-release',
  `UPDATE events SET parked_at = NULL, park_reason = NULL, unroutable_since = NULL, attempts = 0, lease_until = $2
   WHERE event_id = $1 AND parked_at IS NOT NULL AND published_at IS NULL RETURNING event_id`,
)

export async function listParked(context: CommandContext, selection: ParkedSelection, limit: number): Promise<Result> {
  const events = await readParked(context, selection, limit)
  return resultOf(events, context.now(), selection, { words: 'parked', wrong: false })
}

export async function previewRelease(context: CommandContext, selection: ParkedSelection): Promise<Result> {
  const events = await readParked(context, selection, null)
  const missing = missingOf(events, selection)
  return resultOf(events, context.now(), selection, { words: 'would be released', wrong: missing.length > 0 })
}

/** Lets the relays publish parked events again, as if they had just been appended. */
export async function releaseParked(
  context: CommandContext,
  selection: ParkedSelection,
  actor: Actor,
): Promise<Result> {
  await context.databases.order.change(assertRecordable)
  const events = await readParked(context, selection, null)
  const acts = events.map(({ store, eventId, event, sagaId, reason, attempts }) => ({
    act: 'release' as const,
    subject: eventId,
    place: `${store} outbox`,
    event,
    sagaId,
    detail: { reason, attempts },
  }))
  const actIds = await context.databases.order.change((database) => beginActs(database, actor, acts))
  const released: LocatedEvent[] = []
  for (const [i, event] of events.entries()) {
    const [actId = ''] = actIds.slice(i, i + 1)
    try {
      const rows = await context.databases[event.store].change((database) =>
        database.query(release, [event.eventId, context.now()]),
      )
      if (rows.length === 0) throw new Error('the event is no longer parked')
      released.push(event)
    } catch (error) {
      await context.databases.order.change((database) => actFailed(database, actId, messageOf(error), context.now()))
      continue
    }
    await context.databases.order.change((database) => actsDone(database, [actId], context.now()))
  }
  const wrong = released.length < events.length || missingOf(events, selection).length > 0
  return resultOf(released, context.now(), selection, { words: 'released', wrong })
}

async function readParked(
  context: CommandContext,
  { ids, service }: ParkedSelection,
  limit: number | null,
): Promise<LocatedEvent[]> {
  const stores = storeNames.filter((store) => service === undefined || store === service)
  if (stores.length === 0) {
    throw new UsageError(`--service ${service} has no outbox: give one of ${storeNames.join(', ')}.`)
  }
  const found: LocatedEvent[] = []
  for (const store of stores) {
    const rows = await readParkedEvents(context.databases[store], { ids, limit })
    found.push(...rows.map((row) => ({ store, ...row })))
  }
  return limit === null ? found : found.slice(0, limit)
}

function missingOf(events: readonly LocatedEvent[], { ids }: ParkedSelection): string[] {
  return (ids ?? []).filter((id) => !events.some(({ eventId }) => eventId === id))
}

function resultOf(
  events: readonly LocatedEvent[],
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
      ...tableOf(['ID', 'OUTBOX', 'EVENT', 'SAGA', 'PARKED', 'ATTEMPTS', 'REASON'], rows),
      ...missing.map((id) => `No parked event has the id ${id}: outbox list shows them.`),
      `${counted(events.length, 'event')} ${words}`,
    ].join('\n'),
    wrong,
  }
}
