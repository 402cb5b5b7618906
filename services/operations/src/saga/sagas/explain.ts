import { decide, isFinal } from '@order-saga/order'
import { consumersOf } from '../../audit/routes.ts'
import type { AllFacts, SagaFacts } from './saga-facts.ts'
import { sagaWords } from './saga-words.ts'

export interface Waiting {
  /** What has to happen next, in words; nothing any more when the saga has come to its end. */
  readonly waitsFor: string
  /** Who owes it; null when nobody does. */
  readonly owedBy: string | null
  readonly since: Date | null
}

/** What happens by itself at that time if nothing else happens before. */
export interface Timer {
  readonly at: Date
  readonly will: string
}

const nothing: Waiting = { waitsFor: 'nothing: it has come to its end', owedBy: null, since: null }

/** What the saga waits for: first an event that does not get on, by outbox, dead letter and inbox, else what is owed. */
export function explain(facts: AllFacts): Waiting {
  const { saga, outbox, deadLetters } = facts
  const [letter] = deadLetters
  const atRest = isFinal(saga.status) && saga.compensation !== 'refund_requested'
  if (letter !== undefined && !(atRest && letter.service === 'notification')) {
    const died = `${letter.event} was given up in ${letter.queue}: ${letter.reason}`
    return { waitsFor: `an operator: ${died}`, owedBy: letter.service, since: letter.diedAt ?? null }
  }
  for (const { store, event, createdAt, publishedAt, parkedAt, parkReason } of outbox) {
    if (parkedAt !== null) {
      const waitsFor = `an operator: ${event} is parked in the outbox of ${store}: ${parkReason}`
      return { waitsFor, owedBy: store, since: parkedAt }
    }
    if (publishedAt === null) {
      return { waitsFor: `${event} to be published from the outbox of ${store}`, owedBy: store, since: createdAt }
    }
  }
  return firstUnprocessed(facts) ?? (atRest ? nothing : owed(facts))
}

/** An event that left its outbox and is not in the inbox of a consumer: it is in a queue, or waits there to be retried. */
function firstUnprocessed({ outbox, inbox }: AllFacts): Waiting | undefined {
  for (const { eventId, event, publishedAt } of outbox) {
    for (const consumer of consumersOf(event)) {
      if (inbox.some((row) => row.store === consumer && row.eventId === eventId)) continue
      return { waitsFor: `${consumer} to process ${event}`, owedBy: consumer, since: publishedAt }
    }
  }
  return undefined
}

/** All events are processed, so somebody owes the next one. */
function owed({ saga, payment, reservation }: AllFacts): Waiting {
  if (saga.compensation === 'refund_requested') {
    const { status = 'unknown to payment', updatedAt = null } = payment ?? {}
    return { waitsFor: `the refund from the provider (payment: ${status})`, owedBy: 'payment', since: updatedAt }
  }
  if (saga.status === 'payment_completed') {
    const waitsFor = `the reservation (inventory: ${reservation?.status ?? 'has not met the order'})`
    return { waitsFor, owedBy: 'inventory', since: saga.updatedAt }
  }
  if (payment?.status === 'charging') {
    return { waitsFor: "the provider's word on the charge", owedBy: 'payment', since: payment.createdAt }
  }
  const waitsFor = `the payment (payment: ${payment?.status ?? 'has not met the order'})`
  return { waitsFor, owedBy: 'payment', since: payment?.updatedAt ?? saga.createdAt }
}

/** The deadline, and the next request for the refund: each decided by the order service's own table. */
export function timersOf(saga: SagaFacts): Timer[] {
  const timers: Timer[] = []
  const state = { status: saga.status, reason: saga.reason, compensation: saga.compensation }
  const deadline = decide(state, { on: 'deadline' })
  if (deadline.kind === 'decided') {
    const will = `become ${sagaWords(deadline.state)} and publish ${deadline.publish.join(', ')}`
    timers.push({ at: saga.deadline, will })
  }
  const overdue = decide(state, { on: 'overdue' })
  if (overdue.kind === 'decided' && saga.refundDueAt !== null) {
    timers.push({
      at: saga.refundDueAt,
      will: `publish ${overdue.publish.join(', ')} again (${saga.refundRequests} so far)`,
    })
  }
  return timers
}
