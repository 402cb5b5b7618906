import type { ServiceName } from '@order-saga/contracts'
import type { Blocker } from '@order-saga/order'
import type { DeadLetter } from './dead-letters/dead-letter.ts'
import type { SagaMessage } from './messages.ts'
import type { SagaFacts } from './saga-facts.ts'

interface Step {
  readonly at: Date
  readonly service: ServiceName | 'customer' | 'operator'
  readonly description: string
  /** @deprecated the same as `description` */
  readonly what: string
  readonly eventId: string | null
}

interface MessageStep extends Step {
  readonly kind: 'message'
  readonly from: ServiceName | 'customer'
  readonly to: ServiceName
  readonly event: string
  readonly detail: string
  readonly state: SagaMessage['state']
  readonly result: string
  /** It is the event of a blocker. */
  readonly isBlocked: boolean
}

interface NoteStep extends Step {
  readonly kind: 'note'
}

export type TimelineStep = MessageStep | NoteStep

export function timelineOf(
  facts: SagaFacts,
  messages: readonly SagaMessage[],
  deadLetters: readonly DeadLetter[],
  blockers: readonly Blocker[],
): TimelineStep[] {
  const { createdAt, amount, currency } = facts.saga
  const placed = { from: 'customer', to: 'order', event: 'POST /orders', at: createdAt, eventId: null } as const
  const steps = messages.map((message) => {
    const isBlocked = blockers.some(({ eventId, service, kind }) => {
      const blocked =
        kind === 'parked' || kind === 'outbox' || kind === 'missing_binding' ? true : service === message.to
      return eventId === message.eventId && blocked
    })
    return stepOf({ ...message, detail: detailOf(message.event, facts), isBlocked })
  })
  return [
    ...notesOf(facts, messages, deadLetters),
    stepOf({ ...placed, detail: `${amount} ${currency}`, state: 'processed', result: '', isBlocked: false }),
    ...steps,
    // A stable sort keeps steps of the same millisecond in causal order.
  ].toSorted((first, second) => first.at.getTime() - second.at.getTime())
}

function stepOf(message: Omit<MessageStep, 'kind' | 'service' | 'description' | 'what'>): MessageStep {
  const { at, from, to, event, eventId, detail, state, result, isBlocked } = message
  const about = detail === '' ? event : `${event} (${detail})`
  const description = `${about} to ${to}${result === '' ? '' : `: ${result}`}`
  return {
    kind: 'message',
    at,
    service: from,
    description,
    what: description,
    eventId,
    from,
    to,
    event,
    detail,
    state,
    result,
    isBlocked,
  }
}

function detailOf(event: string, { saga, payment, reservation }: SagaFacts): string {
  const sum = `${saga.amount} ${saga.currency}`
  switch (event) {
    case 'order.created':
    case 'payment.completed':
      return sum
    case 'payment.failed':
      return payment?.reason ?? ''
    case 'payment.refunded':
      return payment ? (payment.status === 'refunded' ? sum : 'nothing was charged') : ''
    case 'inventory.reserved':
      return piecesOf(saga.items)
    case 'inventory.failed':
      return reservation?.reason ?? ''
    case 'order.cancelled':
      return saga.reason ?? 'compensation'
    default:
      return ''
  }
}

function notesOf(
  { saga, payment, acts }: SagaFacts,
  messages: readonly SagaMessage[],
  deadLetters: readonly DeadLetter[],
): NoteStep[] {
  const note = (
    at: Date,
    service: NoteStep['service'],
    description: string,
    eventId: string | null = null,
  ): NoteStep => ({
    kind: 'note',
    at,
    service,
    description,
    what: description,
    eventId,
  })
  const retried = payment && payment.attempts > 1 && payment.lastAttemptAt
  const next = payment?.nextAttemptAt ? `, the next at ${payment.nextAttemptAt.toISOString().slice(11, 19)}` : ''
  const others = deadLetters.filter(
    ({ id, service }) => !messages.some(({ eventId, to }) => eventId === id && to === service),
  )
  return [
    ...(retried ? [note(retried, 'payment', `${payment.attempts} attempts at the provider${next}`)] : []),
    ...(saga.reason === 'timeout' && saga.finishedAt !== null
      ? [note(saga.finishedAt, 'order', 'the deadline passed')]
      : []),
    ...others.map(({ id, service, event, queue, reason, deadLetteredAt }) =>
      note(deadLetteredAt ?? saga.createdAt, service, `dead letter ${event} in ${queue}: ${reason}`, id),
    ),
    ...acts.map(({ startedAt, operator, act, event, subject, reason }) =>
      note(startedAt, 'operator', `${operator}: ${act} ${event ?? ''} (${reason})`, subject),
    ),
  ]
}

/** A summary of each service's record of the order; null if its database could not be read. */
export function recordsOf({ saga, payment, reservation }: SagaFacts): Record<ServiceName, string | null> {
  const charge = payment && payment.amount !== null && !['declined', 'cancelled'].includes(payment.status)
  const reserved = reservation && reservation.items.length > 0
  return {
    order: saga.status,
    payment: charge ? `${payment.status} ${payment.amount} ${payment.currency}` : statusIn(payment),
    inventory: reserved ? `${reservation.status} ${piecesOf(reservation.items)}` : statusIn(reservation),
    notification: '',
  }
}

function statusIn(record: { readonly status: string } | null | undefined): string | null {
  return record === undefined ? null : (record?.status ?? '')
}

function piecesOf(items: readonly { readonly sku: string; readonly qty: number }[]): string {
  const [first] = items
  if (first === undefined) return ''
  return `${first.qty} x ${first.sku}${items.length > 1 ? ` and ${items.length - 1} more` : ''}`
}
