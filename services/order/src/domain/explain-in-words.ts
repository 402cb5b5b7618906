import type { Explanation, SagaFacts, Undo, UndeliveredEvent } from './explanation.ts'
import { type Compensation, isFinal } from './saga.ts'

type Facts = Omit<Explanation, 'text'>

/** The explanation in whole sentences. */
export function inWords(saga: SagaFacts, facts: Facts, now: Date): string {
  return [
    stateInWords(saga),
    saga.state.mismatch ? 'A payment or a reservation was reported that does not match the order.' : '',
    waits(facts),
    // The sentence before already names the service and its event.
    saga.undelivered === undefined || facts.needs === null ? '' : `Needed next: ${facts.needs.what}.`,
    refundRequests(facts, now),
    whenDeadline(saga, facts, now),
    undone(saga, facts),
  ]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

/** The next step of an event that its consumer has not processed. */
export function undeliveredInWords(undelivered: UndeliveredEvent, { payment }: SagaFacts): string {
  const { event, from, to, state, queue, reason } = undelivered
  switch (state) {
    case 'dead_lettered':
      return `an operator: ${event} is a dead letter in ${queue}: ${reason}`
    case 'parked':
      return `an operator: ${event} is parked in the outbox of ${from}: ${reason}`
    case 'in_outbox':
      return `${event} to be published from the outbox of ${from}`
    case 'in_progress':
      return `the answer of the payment provider (payment status: ${payment?.status})`
    case 'in_flight':
      return `${to} to process ${event}`
  }
}

/** The awaited event when all published events have been processed. */
export function needInWords(
  { service, events }: NonNullable<Explanation['waitsFor']>,
  { payment, reservation }: SagaFacts,
): string {
  const record = service === 'payment' ? payment : reservation
  const status = record === undefined ? '' : ` (${service} status: ${record?.status ?? 'no record of the order'})`
  return `${events.join(' or ')} from ${service}${status}`
}

function stateInWords({ state, finishedAt, payment, reservation }: SagaFacts): string {
  const ended = finishedAt === null ? '' : ` at ${clock(finishedAt)}`
  switch (state.status) {
    case 'pending':
      return state.reservationSeen
        ? `The order is accepted and its stock is reserved; ${resultOf('payment', payment, ['charging'])}.`
        : `The order is accepted; ${resultOf('payment', payment, ['charging'])}.`
    case 'payment_completed':
      return `The order is paid; ${resultOf('reservation', reservation, [])}.`
    case 'refunding':
      return payment?.status === 'refunded'
        ? 'The stock is insufficient: the payment is refunded, and the order is cancelled once the saga has processed that.'
        : 'The stock is insufficient: the payment is being refunded, then the order is cancelled.'
    case 'completed':
      return `The order was confirmed${ended}: it is paid and its stock is reserved.`
    case 'cancelled':
      return state.reason === 'payment_failed'
        ? `The order was cancelled${ended} because its payment failed. Nothing was charged.`
        : `The order was cancelled${ended} because the stock was insufficient. ${refunded(state.compensation)}`
    case 'timeout_cancelled':
      return `The order was cancelled${ended} because it was still open at its deadline. ${refunded(state.compensation)}`
  }
}

/** The record of the other service says more than the saga, which has not processed its event yet. */
function resultOf(what: string, record: SagaFacts['payment'], undecided: readonly string[]): string {
  return record === undefined || record === null || ['none', ...undecided].includes(record.status)
    ? `the result of its ${what} is not known yet`
    : `its ${what} has the status ${record.status}, which the saga has not processed yet`
}

function refunded(compensation: Compensation): string {
  switch (compensation) {
    case 'none':
      return 'No charge is known; if one that was in flight is reported after all, its refund is requested at once.'
    case 'refund_requested':
      return 'The payment is being refunded.'
    case 'refunded':
      return 'The payment was refunded.'
  }
}

function waits({ waitsFor, atRest }: Facts): string {
  if (waitsFor === null) return atRest ? 'The saga is complete.' : ''
  const { service, events, forMs, usually, longerThanUsual } = waitsFor
  const wait = `It waits for ${events.join(' or ')} from ${service}, for ${duration(forMs)} so far.`
  if (usually === null) return `${wait} How long that usually takes is not known yet.`
  const times = `p50 ${duration(usually.p50Ms)}, p95 ${duration(usually.p95Ms)} over the last ${usually.sagas} sagas`
  return `${wait} Usually: ${times}.${longerThanUsual ? ' This one takes longer than usual.' : ''}`
}

function refundRequests({ refund, waitsFor }: Facts, now: Date): string {
  if (refund === null || waitsFor === null) return ''
  const requested = `The refund was requested ${refund.requests === 1 ? 'once' : `${refund.requests} times`}`
  if (refund.requestedAgainAt === null) return `${requested}.`
  return refund.requestedAgainAt.getTime() <= now.getTime()
    ? `${requested}; the next check requests it again.`
    : `${requested}; without an answer by ${clock(refund.requestedAgainAt)} it is requested again.`
}

function whenDeadline({ state }: SagaFacts, { deadline }: Facts, now: Date): string {
  const { at, passed, leadsTo } = deadline
  if (leadsTo === null) return isFinal(state.status) ? '' : `The deadline of ${clock(at)} has no effect any more.`
  if (leadsTo.becomes.status === 'completed') {
    return 'It is paid and its stock is reserved: the next check of deadlines confirms the order.'
  }
  const refunds = leadsTo.publishes.includes('payment.refund.requested') ? ' and the refund is requested' : ''
  return passed
    ? `Its deadline passed at ${clock(at)}: with the next check the order is cancelled${refunds}.`
    : `Its deadline is in ${duration(at.getTime() - now.getTime())}, at ${clock(at)}: if it is still open then, the order is cancelled${refunds}.`
}

function undone({ state }: SagaFacts, { undo }: Facts): string {
  if (undo.length === 0) return ''
  const begin =
    isFinal(state.status) || undo.every((each) => each.state === 'requested') ? 'Compensation' : 'If it is cancelled'
  return `${begin}: ${undo.map(undoInWords).join('; ')}.`
}

function undoInWords(undo: Undo): string {
  if (undo.what === 'release') {
    const items = listed(undo.items)
    return undo.state === 'possible'
      ? `any reservation of ${items} is released`
      : `the release of any reservation of ${items} is requested`
  }
  const sum = `${undo.amount} ${undo.currency}`
  switch (undo.state) {
    case 'possible':
      return `${sum} is refunded if it was charged`
    case 'due':
      return `${sum} is refunded`
    case 'requested':
      return `the refund of ${sum} is requested`
    case 'done':
      return `${sum} was refunded`
  }
}

const shownItems = 3

function listed(items: SagaFacts['items']): string {
  const shown = items.slice(0, shownItems).map(({ sku, qty }) => `${qty} x ${sku}`)
  const more = items.length - shown.length
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ')
}

function clock(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** A duration for people: at most two units. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  const s = ms / 1_000
  if (s < 10) return `${(Math.floor(s * 10) / 10).toString()} s`
  const whole = Math.floor(s)
  const [big, small, unit, smaller] =
    whole < 60
      ? [whole, 0, 's', '']
      : whole < 3_600
        ? [Math.floor(whole / 60), whole % 60, 'min', 's']
        : whole < 86_400
          ? [Math.floor(whole / 3_600), Math.floor((whole % 3_600) / 60), 'h', 'min']
          : [Math.floor(whole / 86_400), Math.floor((whole % 86_400) / 3_600), 'd', 'h']
  return small === 0 ? `${big} ${unit}` : `${big} ${unit} ${small} ${smaller}`
}
