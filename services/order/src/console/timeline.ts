import { catalogue, type EventType, type RecordTrace, type ServiceName, type Trail } from '@order-saga/contracts'
import type { SagaStory } from '../store/read-saga-facts.ts'
import type { MessageState, Participant, TimelineStep } from './page/answers.ts'

/** What one service said when it was asked for a saga. */
export type Asked =
  | { readonly state: 'answered'; readonly trail: Trail }
  | { readonly state: 'not_asked' }
  | { readonly state: 'no_answer' }

export type Trails = Readonly<Record<ServiceName, Asked>>

export interface TimelineFacts {
  readonly saga: SagaStory
  readonly trails: Trails
  /** Dead letters of this saga: the event, and whose queue it could not leave. */
  readonly deadLetters: readonly { readonly id: string; readonly service: ServiceName; readonly reason: string }[]
}

interface KnownEvent {
  readonly eventId: string
  readonly type: EventType
  readonly at: string
  readonly publishedAt: string | null | undefined
  readonly attempts: number
  readonly parkedBecause: string | null
}

const types = new Map<string, EventType>(catalogue.map((event: EventType) => [event.name, event]))
const services = ['order', 'payment', 'inventory', 'notification'] as const

/** One saga's way through all services, in the order of time. Pure. */
export function timelineOf(facts: TimelineFacts): { steps: TimelineStep[]; participants: Participant[] } {
  const { saga } = facts
  const placed: TimelineStep = {
    kind: 'message',
    at: saga.createdAt.toISOString(),
    from: 'customer',
    to: 'order',
    event: 'POST /orders',
    detail: `${saga.amount} ${saga.currency}`,
    state: 'handled',
    note: '',
    handledAt: saga.createdAt.toISOString(),
  }
  const messages = [...eventsOf(facts).values()]
    .toSorted((first, second) => compare(first.at, second.at) || compare(first.eventId, second.eventId))
    .flatMap((event) => event.type.consumedBy.map((consumer) => messageTo(consumer, event, facts)))
  const steps = [...notesOf(facts), placed, ...messages]
  return {
    // Stable: what happens in the same millisecond stays in the order of its cause.
    steps: steps.toSorted((first, second) => compare(first.at, second.at)),
    participants: services.map((service) => participantOf(service, facts)),
  }
}

/** Every event of the saga that anybody knows of: from the outboxes, and from the saga's own history. */
function eventsOf({ saga, trails }: TimelineFacts): ReadonlyMap<string, KnownEvent> {
  const known = new Map<string, KnownEvent>()
  for (const service of services) {
    for (const { eventId, name, at, publishedAt, attempts, parkedBecause } of trailOf(trails[service])?.published ??
      []) {
      const type = types.get(name)
      if (type !== undefined) known.set(eventId, { eventId, type, at, publishedAt, attempts, parkedBecause })
    }
  }
  for (const { eventId, event, at } of saga.history) {
    const type = types.get(event)
    if (type === undefined || known.has(eventId)) continue
    known.set(eventId, { eventId, type, at, publishedAt: undefined, attempts: 0, parkedBecause: null })
  }
  return known
}

function messageTo(consumer: ServiceName, event: KnownEvent, facts: TimelineFacts): TimelineStep {
  const handledAt = handledBy(consumer, event.eventId, facts)
  const dead = facts.deadLetters.find((each) => each.id === event.eventId && each.service === consumer)
  return {
    kind: 'message',
    at: event.at,
    from: event.type.publishedBy,
    to: consumer,
    event: event.type.name,
    detail: detailOf(event.type.name, facts),
    state: stateOf(event, handledAt, dead !== undefined, facts.trails[consumer], consumer),
    note: noteOf(event, consumer, dead?.reason, facts),
    handledAt: handledAt ?? null,
  }
}

function stateOf(
  { type: { name }, publishedAt, parkedBecause }: KnownEvent,
  handledAt: string | undefined,
  dead: boolean,
  asked: Asked,
  consumer: ServiceName,
): MessageState {
  if (handledAt !== undefined) return 'handled'
  if (dead) return 'dead_lettered'
  if (parkedBecause !== null) return 'parked'
  if (publishedAt === null) return 'in_outbox'
  if (consumer === 'payment' && isAtWork(name, asked)) return 'in_hand'
  // Notification remembers only what the asked process has sent lately, so its silence says nothing.
  return asked.state === 'answered' && consumer !== 'notification' ? 'on_its_way' : 'unknown'
}

/** Payment has taken the event up, and the provider has not answered yet: the event counts as handled only then. */
function isAtWork(event: string, asked: Asked): boolean {
  const status = recordOf(asked)?.status
  return (
    (event === 'order.created' && status === 'charging') ||
    (event === 'payment.refund.requested' && status === 'refunding')
  )
}

function handledBy(consumer: ServiceName, eventId: string, { saga, trails }: TimelineFacts): string | undefined {
  if (consumer === 'order') {
    return saga.history.find((entry) => entry.direction === 'seen' && entry.eventId === eventId)?.at
  }
  return trailOf(trails[consumer])?.handled.find((each) => each.eventId === eventId)?.at
}

function noteOf(event: KnownEvent, consumer: ServiceName, dead: string | undefined, { saga }: TimelineFacts): string {
  const ignored = saga.history.find(({ eventId }) => eventId === event.eventId)?.ignored
  return [
    dead === undefined ? '' : `dead letter: ${dead}`,
    event.parkedBecause === null ? '' : `parked: ${event.parkedBecause}`,
    event.attempts > 1 ? `published at attempt ${event.attempts}` : '',
    consumer === 'order' && ignored !== undefined
      ? ignored === 'late'
        ? 'came late, changed nothing'
        : 'against the protocol, ignored'
      : '',
  ]
    .filter((part) => part !== '')
    .join('; ')
}

function detailOf(name: string, { saga, trails }: TimelineFacts): string {
  const sum = `${saga.amount} ${saga.currency}`
  const payment = recordOf(trails.payment)
  switch (name) {
    case 'order.created':
    case 'payment.completed':
      return sum
    case 'payment.failed':
      return payment?.reason ?? ''
    case 'payment.refunded':
      return payment === undefined ? '' : payment.status === 'refunded' ? sum : 'nothing was charged'
    case 'inventory.reserved':
      return piecesOf(saga.items)
    case 'inventory.failed':
      return recordOf(trails.inventory)?.reason ?? ''
    case 'order.cancelled':
      return saga.state.reason ?? 'compensation'
    default:
      return ''
  }
}

function notesOf({ saga, trails }: TimelineFacts): TimelineStep[] {
  const notes: TimelineStep[] = []
  const payment = recordOf(trails.payment)
  if (payment?.attempts !== undefined && payment.attempts > 1 && payment.lastAttemptAt) {
    const next = payment.nextAttemptAt ? `, next look at ${payment.nextAttemptAt.slice(11, 19)}` : ''
    notes.push({
      kind: 'note',
      at: payment.lastAttemptAt,
      service: 'payment',
      text: `${payment.attempts} attempts at the provider${next}`,
    })
  }
  if (saga.state.reason === 'timeout' && saga.finishedAt !== null) {
    notes.push({ kind: 'note', at: saga.finishedAt.toISOString(), service: 'order', text: 'the deadline passed' })
  }
  return notes
}

function participantOf(service: ServiceName, { saga, trails }: TimelineFacts): Participant {
  const asked = trails[service]
  return { service, state: asked.state, holds: service === 'order' ? saga.state.status : holds(recordOf(asked)) }
}

function holds(record: RecordTrace | undefined): string {
  if (record === undefined) return ''
  const { status, amount, currency, items } = record
  if (amount !== undefined && status !== 'declined' && status !== 'cancelled')
    return `${status} ${amount} ${currency ?? ''}`
  return items !== undefined && items.length > 0 ? `${status} ${piecesOf(items)}` : status
}

function piecesOf(items: readonly { readonly sku: string; readonly qty: number }[]): string {
  const [first] = items
  if (first === undefined) return ''
  return `${first.qty} x ${first.sku}${items.length > 1 ? ` and ${items.length - 1} more` : ''}`
}

const trailOf = (asked: Asked): Trail | undefined => (asked.state === 'answered' ? asked.trail : undefined)
const recordOf = (asked: Asked): RecordTrace | undefined => trailOf(asked)?.record ?? undefined
const compare = (first: string, second: string): number => (first < second ? -1 : first > second ? 1 : 0)
