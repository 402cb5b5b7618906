import type { AllFacts } from './saga-facts.ts'

export interface TimelineEntry {
  readonly at: Date
  readonly service: string
  readonly what: string
  readonly eventId: string | undefined
}

/** What happened to the saga, at all services, in the order of their clocks. */
export function timelineOf(facts: AllFacts): TimelineEntry[] {
  const { saga, payment, reservation, outbox, inbox, deadLetters, acts } = facts
  const names = new Map([...saga.history, ...outbox].map(({ eventId, event }) => [eventId, event]))
  const told = new Set(saga.history.map(({ eventId }) => eventId))
  const entries: TimelineEntry[] = [
    ...saga.history.map(({ at, event, eventId, direction, status, ignored }) => ({
      at: new Date(at),
      service: 'order',
      what: `${direction} ${event}, ${ignored === undefined ? `now ${status}` : `ignored as ${ignored} (${status})`}`,
      eventId,
    })),
    ...outbox
      .filter(({ store, eventId }) => store !== 'order' || !told.has(eventId))
      .map(({ store, event, eventId, createdAt }) => ({
        at: createdAt,
        service: store,
        what: `appended ${event}`,
        eventId,
      })),
    ...outbox.flatMap(({ store, event, eventId, publishedAt, parkedAt, parkReason }) => [
      ...(publishedAt === null
        ? []
        : [{ at: publishedAt, service: store, what: `sent ${event} to the broker`, eventId }]),
      ...(parkedAt === null ? [] : [{ at: parkedAt, service: store, what: `parked ${event}: ${parkReason}`, eventId }]),
    ]),
    ...inbox
      .filter(({ store, eventId }) => store !== 'order' || !told.has(eventId))
      .map(({ store, eventId, processedAt }) => ({
        at: processedAt,
        service: store,
        what: `processed ${names.get(eventId) ?? 'an event'}`,
        eventId,
      })),
    ...stateEntries('payment', payment),
    ...stateEntries('inventory', reservation),
    ...deadLetters.flatMap(({ service, event, eventId, queue, reason, diedAt, attempts }) =>
      diedAt === undefined
        ? []
        : [{ at: diedAt, service, what: `gave up ${event} in ${queue} at attempt ${attempts}: ${reason}`, eventId }],
    ),
    ...acts.map(({ begunAt, operator, act, event, subject, reason }) => ({
      at: begunAt,
      service: 'operator',
      what: `${operator}: ${act} ${event ?? ''} (${reason})`,
      eventId: subject,
    })),
  ]
  return entries.toSorted((one, other) => one.at.getTime() - other.at.getTime())
}

/** A service keeps what it has now, and since when; not what it had before. */
function stateEntries(
  service: string,
  state: { status: string; reason: string | null; createdAt: Date; updatedAt: Date } | undefined,
): TimelineEntry[] {
  if (state === undefined) return []
  const { status, reason, updatedAt } = state
  const why = reason === null ? '' : ` (${reason})`
  return [{ at: updatedAt, service, what: `has it as ${status}${why} since then`, eventId: undefined }]
}
