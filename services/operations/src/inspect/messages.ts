import { catalogue, type EventType, type QueueNames, type ServiceName } from '@order-saga/contracts'
import {
  duration,
  type QueueFacts,
  type UndeliveredEvent,
  unroutableInWords,
  parkReasonInWords,
} from '@order-saga/order'
import type { DeadLetter } from './dead-letters/dead-letter.ts'
import type { OutboxRow, SagaFacts } from './saga-facts.ts'
import type { StoreName } from './stores.ts'
import type { RetryMessage } from './retries/retry-message.ts'

interface Undelivered extends Pick<
  UndeliveredEvent,
  'state' | 'queue' | 'reason' | 'since' | 'broker' | 'retry' | 'unroutable'
> {
  readonly result: string
}

/**
 * The progress of a message from the outbox to the inbox of one consumer. `in_progress`: payment has recorded the intent
 * and the provider has not answered. `published`: to notification, which has no inbox. `unknown`: the rows were removed
 * after their retention, or could not be read.
 */
type Progress = Undelivered | { readonly state: 'processed' | 'published' | 'unknown'; readonly result: string }

export type SagaMessage = Progress & {
  readonly eventId: string
  readonly event: string
  readonly from: ServiceName
  readonly to: ServiceName
  readonly at: Date
}

interface KnownEvent {
  readonly eventId: string
  readonly type: EventType
  readonly at: Date
  /** Undefined if removed from the outbox, or not readable. */
  readonly row: OutboxRow | undefined
}

const types = new Map<string, EventType>(catalogue.map((event: EventType) => [event.name, event]))

/** Facts beside those of the databases. */
export interface DeliveryFacts {
  readonly queues: QueueNames
  readonly deadLetters: readonly DeadLetter[]
  /** Undefined while the broker is unavailable. */
  /** The messages of the saga in retry queues; absent where they were not read. */
  readonly retries?: readonly RetryMessage[] | undefined
  readonly queueFacts?: ((queue: string, event: string) => QueueFacts | undefined) | undefined
}

export function messagesOf(facts: SagaFacts, delivery: DeliveryFacts): SagaMessage[] {
  const { deadLetters } = delivery
  return eventsOf(facts, deadLetters)
    .toSorted((first, second) => first.at.getTime() - second.at.getTime() || compare(first.eventId, second.eventId))
    .flatMap((known) =>
      known.type.consumedBy.map((to) => {
        const { eventId, type, at, row } = known
        const progress = progressTo(to, known, facts, delivery)
        const ignored = to === 'order' && facts.saga.history.find((entry) => entry.eventId === eventId)?.ignored
        const result = [
          progress.result,
          ...(row !== undefined && row.attempts > 1 ? [`published at attempt ${row.attempts}`] : []),
          ...(ignored ? [ignored === 'late' ? 'late, no effect' : 'violates the protocol'] : []),
        ].join('; ')
        return { eventId, event: type.name, from: type.publishedBy, to, at, ...progress, result }
      }),
    )
}

/** From the outboxes, and for events removed from there from the saga's history and its dead letters. */
function eventsOf({ saga, outboxes }: SagaFacts, deadLetters: readonly DeadLetter[]): KnownEvent[] {
  const known = new Map<string, KnownEvent>()
  const add = (eventId: string, name: string, at: Date, row?: OutboxRow): void => {
    const type = types.get(name)
    if (type !== undefined && !known.has(eventId)) known.set(eventId, { eventId, type, at, row })
  }
  for (const row of Object.values(outboxes).flatMap((rows = []) => rows))
    add(row.eventId, row.event, row.createdAt, row)
  for (const { eventId, event, at } of saga.history) add(eventId, event, new Date(at))
  for (const { id, event, firstFailure, deadLetteredAt } of deadLetters)
    add(id, event, firstFailure ?? deadLetteredAt ?? saga.createdAt)
  return [...known.values()]
}

function progressTo(
  to: ServiceName,
  { eventId, type, at, row }: KnownEvent,
  facts: SagaFacts,
  { deadLetters, queues, queueFacts, retries = [] }: DeliveryFacts,
): Progress {
  const { inboxes, payment } = facts
  const processedAt = processedBy(to, eventId, facts)
  const letter = deadLetters.find((each) => each.id === eventId && each.service === to)
  if (processedAt !== undefined) {
    const copy = letter === undefined ? '' : `; a copy is a dead letter in ${letter.queue}`
    const result = `processed after ${duration(Math.max(0, processedAt.getTime() - at.getTime()))}${copy}`
    return { state: 'processed', result }
  }
  if (letter !== undefined) {
    const { queue, reason, attempts, deadLetteredAt: since } = letter
    const result = `dead letter in ${queue} after ${attempts} attempts: ${reason}`
    return { state: 'dead_lettered', queue, reason, since, result }
  }
  if (row?.parkedAt) {
    const reason = parkReasonInWords(row.parkReason ?? 'unknown', type.name, queues)
    return { state: 'parked', reason, since: row.parkedAt, result: `parked in the outbox: ${reason}` }
  }
  if (row?.publishedAt === null) {
    if (row.unroutableSince === null) return { state: 'in_outbox', since: row.createdAt, result: 'not published yet' }
    const unroutable = unroutableInWords(type.name, queues)
    return { state: 'in_outbox', since: row.unroutableSince, unroutable, result: unroutable }
  }
  if (to === 'notification') return { state: 'published', result: 'published' }
  if (row === undefined || inboxes[to] === undefined) return { state: 'unknown', result: 'processing unknown' }
  if (to === 'payment' && inProgress.get(type.name) === payment?.status) {
    return { state: 'in_progress', since: payment?.updatedAt, result: 'in flight at the provider' }
  }
  const queue = queues[`${to}Queue`]
  const broker = queueFacts?.(queue, type.name)
  const retry = retries.find((each) => each.id === eventId && each.service === to)
  if (retry !== undefined) {
    const { retriedAt: since = row.publishedAt, attempt, reason } = retry
    return {
      state: 'in_flight',
      since,
      queue,
      broker,
      retry,
      result: `in ${retry.queue} before attempt ${attempt}: ${reason}`,
    }
  }
  const result = broker?.isBound === false ? `${queue} is not bound to it` : 'published, not processed yet'
  return { state: 'in_flight', since: row.publishedAt, queue, broker, result }
}

/** Payment's status until the provider answers; the event is processed with the answer. */
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

export function undeliveredIn(messages: readonly SagaMessage[]): UndeliveredEvent[] {
  return messages.flatMap((message) => {
    const { state } = message
    return state === 'processed' || state === 'published' || state === 'unknown' ? [] : [{ ...message, state }]
  })
}

const compare = (first: string, second: string): number => (first < second ? -1 : first > second ? 1 : 0)
