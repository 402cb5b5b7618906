import { type Finding, type OrderCheck, violation, unlessInFlight } from '../finding.ts'
import { isCancelled, type OrderRow, type PaymentRow, type SagaEvent, type SagaRow } from '../order-facts.ts'
import type { LedgerEntry } from '../sources.ts'

/** Invariant 3: charges and refunds according to payment's table. */
export const checkMoney: OrderCheck = ({ order, saga, payment, events = [] }) => {
  const findings: Finding[] = []
  if (payment !== undefined && order === undefined && saga === undefined && holdsMoney(payment)) {
    findings.push(violation('money', 'charged for an order that does not exist'))
  }
  if (payment !== undefined && saga !== undefined && payment.sagaId !== saga.sagaId) {
    findings.push(violation('money', 'its payment references another saga'))
  }
  if (order !== undefined && saga?.status === 'completed') findings.push(...confirmedOrder(order, payment))
  if (saga !== undefined && isCancelled(saga)) findings.push(...cancelledOrder(saga, payment))
  if (payment === undefined) return findings
  const published = events.filter(({ store }) => store === 'payment')
  const charges = published.filter(({ name }) => name === 'payment.completed')
  const refunds = published.filter(({ name }) => name === 'payment.refunded')
  if (charges.some((event) => !hasAmountOf(payment, event))) {
    findings.push(violation('money', 'the published amount differs from the charged amount'))
  }
  // A refund requested before the charge was recorded may have been answered with 0.
  const returned = refunds.filter(({ amount }) => !sameAmount(amount, '0'))
  if (payment.status === 'refunded' && refunds.length > 0) {
    const isComplete = returned.length > 0 && returned.every((event) => hasAmountOf(payment, event))
    if (!isComplete) findings.push(violation('money', 'the refunded amount differs from the charged amount'))
  }
  return findings
}

function hasAmountOf(payment: PaymentRow, event: SagaEvent): boolean {
  return sameAmount(event.amount, payment.amount) && event.currency === payment.currency
}

function confirmedOrder(order: OrderRow, payment: PaymentRow | undefined): Finding[] {
  if (payment === undefined) return [unlessInFlight('money', 'confirmed, but payment has no record of the order')]
  if (payment.status !== 'charged') return [unlessInFlight('money', `confirmed, but its payment is ${payment.status}`)]
  const findings: Finding[] = []
  if (payment.chargeId === null) findings.push(violation('money', 'confirmed, but charged without a charge id'))
  if (!sameAmount(payment.amount, order.amount) || payment.currency !== order.currency) {
    findings.push(violation('money', 'confirmed, but another amount was charged'))
  }
  return findings
}

function cancelledOrder(saga: SagaRow, payment: PaymentRow | undefined): Finding[] {
  if (payment?.status === 'charged' && saga.compensation !== 'refund_requested') {
    return [unlessInFlight('money', 'cancelled, but still charged and no refund is in flight')]
  }
  return []
}

function holdsMoney({ status }: PaymentRow): boolean {
  return status === 'charging' || status === 'charged' || status === 'refunding'
}

export const chargeKey = (orderId: string): string => `charge:${orderId}`
export const refundKey = (orderId: string): string => `refund:${orderId}`

/** Invariant 3 by the provider's records: its charges and refunds are those in payment's table. */
export const checkProviderRecords: OrderCheck = ({ orderId, payment }, { gateway }) => {
  if (gateway === undefined) return []
  const charge = gateway.charges.get(chargeKey(orderId))
  const refund = gateway.refunds.get(refundKey(orderId))
  return [...charged(payment, charge), ...refunded(payment, charge, refund)]
}

function charged(payment: PaymentRow | undefined, charge: LedgerEntry | undefined): Finding[] {
  // Between the intent and its outcome the provider may already have charged.
  if (payment?.status === 'charging') return []
  const isCharged = payment?.status === 'charged' || payment?.status === 'refunding' || payment?.status === 'refunded'
  if (!isCharged) {
    return charge === undefined
      ? []
      : [unlessInFlight('money', 'charged at the provider, but payment has no record of it')]
  }
  if (charge === undefined) return [violation('money', 'charged according to payment, but not at the provider')]
  const same =
    sameAmount(charge.amount, payment.amount) && charge.currency === payment.currency && charge.id === payment.chargeId
  return same ? [] : [violation('money', "the provider's charge differs from payment's")]
}

function refunded(
  payment: PaymentRow | undefined,
  charge: LedgerEntry | undefined,
  refund: LedgerEntry | undefined,
): Finding[] {
  if (payment?.status === 'refunding') return []
  if (payment?.status !== 'refunded') {
    return refund === undefined
      ? []
      : [unlessInFlight('money', 'refunded at the provider, but payment has no record of it')]
  }
  if (refund === undefined) return [violation('money', 'refunded according to payment, but not at the provider')]
  const same =
    sameAmount(refund.amount, charge?.amount ?? payment.amount) &&
    refund.currency === payment.currency &&
    refund.id === payment.refundId
  return same ? [] : [violation('money', "the provider's refund differs from payment's")]
}

/** Compares exact decimals without their trailing zeros: 10.5 equals 10.5000. */
export function sameAmount(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && canonical(a) === canonical(b)
}

function canonical(amount: string): string {
  return amount.includes('.') ? amount.replace(/\.?0+$/, '') : amount
}
