import { parkReasonInWords } from '@order-saga/order'
import type { Actor } from '../inspect/operator-acts.ts'
import { type LocatedEvent, readParked, releaseEvents } from '../inspect/parked-events.ts'
import { type StoreName, storeNames } from '../inspect/stores.ts'
import type { CommandContext } from './command-context.ts'
import { type Result, UsageError } from './result.ts'
import { fromNow, tableOf } from './text.ts'
import { counted } from '../audit/format-report.ts'

export interface ParkedSelection {
  readonly ids?: readonly string[] | undefined
  readonly service?: string | undefined
}

export async function listParked(context: CommandContext, selection: ParkedSelection, limit: number): Promise<Result> {
  const events = await readParked(context, located(selection), limit)
  return resultOf(events, context, selection, { words: 'parked', wrong: false })
}

export async function previewRelease(context: CommandContext, selection: ParkedSelection): Promise<Result> {
  const events = await readParked(context, located(selection), null)
  const missing = missingOf(events, selection)
  return resultOf(events, context, selection, { words: 'would be released', wrong: missing.length > 0 })
}

/** Lets the relays publish parked events again. */
export async function releaseParked(
  context: CommandContext,
  selection: ParkedSelection,
  actor: Actor,
): Promise<Result> {
  const events = await readParked(context, located(selection), null)
  const released = await releaseEvents(context, events, actor)
  const wrong = released.length < events.length || missingOf(events, selection).length > 0
  return resultOf(released, context, selection, { words: 'released', wrong })
}

/** @throws UsageError for a service without an outbox */
function located({ ids, service }: ParkedSelection): { ids: ParkedSelection['ids']; stores: readonly StoreName[] } {
  const stores = storeNames.filter((store) => service === undefined || store === service)
  if (stores.length > 0) return { ids, stores }
  throw new UsageError(`--service ${service} has no outbox: give one of ${storeNames.join(', ')}.`)
}

function missingOf(events: readonly LocatedEvent[], { ids }: ParkedSelection): string[] {
  return (ids ?? []).filter((id) => !events.some(({ eventId }) => eventId === id))
}

function resultOf(
  events: readonly LocatedEvent[],
  { now, queues }: CommandContext,
  selection: ParkedSelection,
  { words, wrong }: { words: string; wrong: boolean },
): Result {
  const rows = events.map((event) => [
    event.eventId,
    event.store,
    event.event,
    event.sagaId,
    fromNow(event.parkedAt, now()),
    String(event.attempts),
    parkReasonInWords(event.reason, event.event, queues),
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
