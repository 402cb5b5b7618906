import type { Explanation, SagaFacts, Undo } from './explanation.ts'
import { type Compensation, isFinal } from './saga.ts'

type Facts = Omit<Explanation, 'text'>

/** The explanation in whole sentences. */
export function inWords(saga: SagaFacts, facts: Facts, now: Date): string {
  return [stands(saga), waits(facts), refundsAgain(facts, now), whenDeadline(saga, facts, now), undone(saga, facts)]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

function stands({ state, finishedAt }: SagaFacts): string {
  const ended = finishedAt === null ? '' : ` at ${clock(finishedAt)}`
  switch (state.status) {
    case 'pending':
      return 'The order is accepted; whether it is paid is not known yet.'
    case 'payment_completed':
      return 'The order is paid; whether its stock is reserved is not known yet.'
    case 'refunding':
      return 'The stock does not reach: the money is being given back, then the order is cancelled.'
    case 'completed':
      return `The order was confirmed${ended}: it is paid and its stock is reserved. The saga has come to its end.`
    case 'cancelled':
      return state.reason === 'payment_failed'
        ? `The order was cancelled${ended} because its payment failed. Nothing was charged. The saga has come to its end.`
        : `The order was cancelled${ended} because the stock did not reach. ${moneyIsBack(state.compensation)}`
    case 'timeout_cancelled':
      return `The order was cancelled${ended} because it was still open at its deadline. ${afterTimeout(state.compensation)}`
  }
}

function moneyIsBack(compensation: Compensation): string {
  return compensation === 'refunded'
    ? 'The money has been given back. The saga has come to its end.'
    : 'The saga has come to its end.'
}

function afterTimeout(compensation: Compensation): string {
  switch (compensation) {
    case 'none':
      return 'No charge is known; if one that was under way then is reported after all, its refund is asked for at once.'
    case 'refund_requested':
      return 'The money that was taken is being given back.'
    case 'refunded':
      return 'The money that was taken has been given back.'
  }
}

function waits({ waitsFor }: Facts): string {
  if (waitsFor === null) return ''
  const { service, events, forMs, usually, longerThanUsual } = waitsFor
  const wait = `It waits for ${events.join(' or ')} from ${service}, for ${duration(forMs)} so far.`
  if (usually === null) return `${wait} How long that usually takes is unknown yet.`
  const halves = `half of the last ${usually.sagas} took up to ${duration(usually.p50Ms)}, 95 % up to ${duration(usually.p95Ms)}`
  return `${wait} Usually: ${halves}.${longerThanUsual ? ' This one takes longer than usual.' : ''}`
}

function refundsAgain({ refund, waitsFor }: Facts, now: Date): string {
  if (refund === null || waitsFor === null) return ''
  const asked = `The refund was asked for ${times(refund.requests)}`
  if (refund.askedAgainAt === null) return `${asked}.`
  return refund.askedAgainAt.getTime() <= now.getTime()
    ? `${asked}; with the next check it is asked for again.`
    : `${asked}; if it is not back by ${clock(refund.askedAgainAt)} it is asked for again.`
}

function whenDeadline({ state }: SagaFacts, { deadline }: Facts, now: Date): string {
  const { at, passed, leadsTo } = deadline
  if (leadsTo === null) return isFinal(state.status) ? '' : `The deadline of ${clock(at)} changes nothing any more.`
  const refunds = leadsTo.publishes.includes('payment.refund.requested') ? ' and the money is asked back' : ''
  return passed
    ? `Its deadline passed at ${clock(at)}: with the next check the order is cancelled${refunds}.`
    : `Its deadline falls in ${duration(at.getTime() - now.getTime())}, at ${clock(at)}: if it is still open then, the order is cancelled${refunds}.`
}

function undone({ state }: SagaFacts, { undo }: Facts): string {
  if (undo.length === 0) return ''
  const begin =
    isFinal(state.status) || undo.every((each) => each.state === 'requested') ? 'Undone' : 'If it is cancelled'
  return `${begin}: ${undo.map(undoInWords).join('; ')}.`
}

function undoInWords(undo: Undo): string {
  if (undo.what === 'release') {
    const items = listed(undo.items)
    return undo.state === 'possible'
      ? `what is reserved of ${items} is released`
      : `${items}, as far as it was reserved`
  }
  const sum = `${undo.amount} ${undo.currency}`
  switch (undo.state) {
    case 'possible':
      return `${sum} is given back if it was charged`
    case 'due':
      return `${sum} is given back`
    case 'requested':
      return `${sum} is on its way back`
    case 'done':
      return `${sum} was given back`
  }
}

const shownItems = 3

function listed(items: SagaFacts['items']): string {
  const shown = items.slice(0, shownItems).map(({ sku, qty }) => `${qty} x ${sku}`)
  const more = items.length - shown.length
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ')
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
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
