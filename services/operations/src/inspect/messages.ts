import { catalogue, type EventType, type ServiceName } from '@order-saga/contracts'
import type { HistoryEntry, UndeliveredEvent } from '@order-saga/order'
import type { DeadLetter } from './dead-letters/dead-letter.ts'
import type { OutboxRow, SagaFacts } from './saga-facts.ts'
import { type StoreName, storeNames } from './stores.ts'

/**
 * Where a message is on its way from the outbox to the inbox of one consumer. `in_progress`: payment has recorded the
 * intent and the provider has not answered. `published`: to notification, which keeps no inbox. `unknown`: the rows that
 * would tell have been removed after their retention, or could not be read.
 */
export type MessageState = UndeliveredEvent['state'] | 'processed' | 'published' | 'unknown'

/** One event of the saga on its way to one of its consumers. */
export interface SagaMessage {
  readonly eventId: string
  readonly event: string
  readonly from: ServiceName
  readonly to: ServiceName
  readonly at: Date
  readonly state: MessageState
  readonly processedAt: Date | undefined
  readonly row: OutboxRow | undefined
  readonly deadLetter: DeadLetter | undefined
  /** Why the saga did not change with it. */
  readonly ignored: HistoryEntry['ignored']
}

interface KnownEvent {
  readonly eventId: string
  readonly type: EventType
  readonly at: Date
  readonly row: OutboxRow | undefined
}

const types = new Map<string, EventType>(catalogue.map((event: EventType) => [event.name, event]))

/** All messages of the saga in the order in which their events were appended. Pure. */
export function messagesOf(facts: SagaFacts, deadLetters: readonly DeadLetter[]): SagaMessage[] {
  return eventsOf(facts, deadLetters)
    .toSorted((first, second) => first.at.getTime() - second.at.getTime() || compare(first.eventId, second.eventId))
    .flatMap((event) => event.type.consumedBy.map((to) => messageTo(to, event, facts, deadLetters)))
}

/** The messages that have not reached their consumers, as the explanation takes them. */
export function undeliveredOf(messages: readonly SagaMessage[], { payment }: SagaFacts): UndeliveredEvent[] {
  return messages.flatMap(({ state, event, from, to, row, deadLetter }) => {
    switch (state) {
      case 'dead_lettered':
        return {
          event,
          from,
          to,
          state,
          queue: deadLetter?.queue,
          reason: deadLetter?.reason,
          since: deadLetter?.diedAt,
        }
      case 'parked':
        return { event, from, to, state, reason: row?.parkReason ?? undefined, since: row?.parkedAt ?? undefined }
      case 'in_outbox':
        return { event, from, to, state, since: row?.createdAt }
      case 'in_progress':
        return { event, from, to, state, since: payment?.updatedAt }
      case 'in_flight':
        return { event, from, to, state, since: row?.publishedAt ?? undefined }
      default:
        return []
    }
  })
}

/** From the outboxes; the saga's history and its dead letters remember events that the outboxes have forgotten. */
function eventsOf({ saga, outboxes }: SagaFacts, deadLetters: readonly DeadLetter[]): KnownEvent[] {
  const known = new Map<string, KnownEvent>()
  const add = (eventId: string, name: string, at: Date, row?: OutboxRow): void => {
    const type = types.get(name)
    if (type !== undefined && !known.has(eventId)) known.set(eventId, { eventId, type, at, row })
  }
  for (const store of storeNames) {
    for (const row of outboxes[store] ?? []) add(row.eventId, row.event, row.createdAt, row)
  }
  for (const { eventId, event, at } of saga.history) add(eventId, event, new Date(at))
  for (const { id, event, firstFailure, diedAt } of deadLetters)
    add(id, event, firstFailure ?? diedAt ?? saga.createdAt)
  return [...known.values()]
}

function messageTo(
  to: ServiceName,
  { eventId, type, at, row }: KnownEvent,
  facts: SagaFacts,
  deadLetters: readonly DeadLetter[],
): SagaMessage {
  const processedAt = processedBy(to, eventId, facts)
  const deadLetter = deadLetters.find((each) => each.id === eventId && each.service === to)
  const message = { eventId, event: type.name, from: type.publishedBy, to, at, processedAt, row, deadLetter }
  const seen = to === 'order' ? facts.saga.history.find((entry) => entry.eventId === eventId) : undefined
  return { ...message, state: stateOf(message, facts), ignored: seen?.ignored }
}

function stateOf(
  { event, to, row, processedAt, deadLetter }: Omit<SagaMessage, 'state' | 'ignored'>,
  { inboxes, payment }: SagaFacts,
): MessageState {
  if (processedAt !== undefined) return 'processed'
  if (deadLetter !== undefined) return 'dead_lettered'
  if (row?.parkedAt) return 'parked'
  if (row?.publishedAt === null) return 'in_outbox'
  if (to === 'notification') return 'published'
  if (row === undefined || inboxes[to] === undefined) return 'unknown'
  return to === 'payment' && inProgress.get(event) === payment?.status ? 'in_progress' : 'in_flight'
}

/** Payment's status while the provider has not answered: the event is processed only then. */
const inProgress = new Map([
  ['order.created', 'charging'],
  ['payment.refund.requested', 'refunding'],
])

function processedBy(to: ServiceName, eventId: string, { saga, inboxes }: SagaFacts): Date | undefined {
  const row = inboxes[to as StoreName]?.find((each) => each.eventId === eventId)
  if (row !== undefined || to !== 'order') return row?.processedAt
  const seen = saga.history.find((entry) => entry.direction === 'seen' && entry.eventId === eventId)
  return seen && new Date(seen.at)
}

const compare = (first: string, second: string): number => (first < second ? -1 : first > second ? 1 : 0)
