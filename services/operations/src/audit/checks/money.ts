import { type Finding, type OrderCheck, wrong, wrongAtRest } from '../finding.ts'
import { isCancelled, type OrderRow, type PaymentRow, type SagaEvent, type SagaRow } from '../order-facts.ts'
import type { LedgerEntry } from '../sources.ts'

/** Invariant 3: what payment's own table says it has taken, kept and given back. */
export const checkMoney: OrderCheck = ({ order, saga, payment, events = [] }) => {
  const findings: Finding[] = []
  if (payment !== undefined && order === undefined && saga === undefined && holdsMoney(payment)) {
    findings.push(wrong('money', 'money was taken for an order that does not exist'))
  }
  if (payment !== undefined && saga !== undefined && payment.sagaId !== saga.sagaId) {
    findings.push(wrong('money', 'its payment names another saga'))
  }
  if (order !== undefined && saga?.status === 'completed') findings.push(...confirmedOrder(order, payment))
  if (saga !== undefined && isCancelled(saga)) findings.push(...cancelledOrder(saga, payment))
  if (payment === undefined) return findings
  const announced = events.filter(({ store }) => store === 'payment')
  const charges = announced.filter(({ name }) => name === 'payment.completed')
  const refunds = announced.filter(({ name }) => name === 'payment.refunded')
  if (charges.some((event) => !saysAmountOf(payment, event))) {
    findings.push(wrong('money', 'another amount was announced than was charged'))
  }
  // A refund asked for before the charge was known to have happened may have been answered with 0.
  const returned = refunds.filter(({ amount }) => !sameAmount(amount, '0'))
  if (payment.status === 'refunded' && refunds.length > 0) {
    const whole = returned.length > 0 && returned.every((event) => saysAmountOf(payment, event))
    if (!whole) findings.push(wrong('money', 'another amount was refunded than was charged'))
  }
  return findings
}

function saysAmountOf(payment: PaymentRow, event: SagaEvent): boolean {
  return sameAmount(event.amount, payment.amount) && event.currency === payment.currency
}

function confirmedOrder(order: OrderRow, payment: PaymentRow | undefined): Finding[] {
  if (payment === undefined) return [wrongAtRest('money', 'confirmed, but payment does not know it')]
  if (payment.status !== 'charged') return [wrongAtRest('money', `confirmed, but its payment is ${payment.status}`)]
  const findings: Finding[] = []
  if (payment.chargeId === null) findings.push(wrong('money', 'confirmed, but charged without a charge id'))
  if (!sameAmount(payment.amount, order.amount) || payment.currency !== order.currency) {
    findings.push(wrong('money', 'confirmed, but charged another amount'))
  }
  return findings
}

function cancelledOrder(saga: SagaRow, payment: PaymentRow | undefined): Finding[] {
  if (payment?.status === 'charged' && saga.compensation !== 'refund_requested') {
    return [wrongAtRest('money', 'cancelled, but its money is kept and no refund is under way')]
  }
  return []
}

function holdsMoney({ status }: PaymentRow): boolean {
  return status === 'charging' || status === 'charged' || status === 'refunding'
}

export const chargeKey = (orderId: string): string => `charge:${orderId}`
export const refundKey = (orderId: string): string => `refund:${orderId}`

/** Invariant 3 again, from the provider's own books: the money that really moved is what payment's table says. */
export const checkProviderRecords: OrderCheck = ({ orderId, payment }, { gateway }) => {
  if (gateway === undefined) return []
  const charge = gateway.charges.get(chargeKey(orderId))
  const refund = gateway.refunds.get(refundKey(orderId))
  return [...charged(payment, charge), ...refunded(payment, charge, refund)]
}

function charged(payment: PaymentRow | undefined, charge: LedgerEntry | undefined): Finding[] {
  // Between the intent and its outcome the provider knows more than we do.
  if (payment?.status === 'charging') return []
  const believed = payment?.status === 'charged' || payment?.status === 'refunding' || payment?.status === 'refunded'
  if (!believed) {
    return charge === undefined ? [] : [wrongAtRest('money', 'the provider has charged, and payment does not know')]
  }
  if (charge === undefined) return [wrong('money', 'payment says charged, and the provider never was')]
  const same =
    sameAmount(charge.amount, payment.amount) && charge.currency === payment.currency && charge.id === payment.chargeId
  return same ? [] : [wrong('money', "the provider's charge is another than payment's")]
}

function refunded(
  payment: PaymentRow | undefined,
  charge: LedgerEntry | undefined,
  refund: LedgerEntry | undefined,
): Finding[] {
  if (payment?.status === 'refunding') return []
  if (payment?.status !== 'refunded') {
    return refund === undefined ? [] : [wrongAtRest('money', 'the provider has refunded, and payment does not know')]
  }
  if (refund === undefined) return [wrong('money', 'payment says refunded, and the provider never was')]
  const same =
    sameAmount(refund.amount, charge?.amount ?? payment.amount) &&
    refund.currency === payment.currency &&
    refund.id === payment.refundId
  return same ? [] : [wrong('money', "the provider's refund is another than payment's")]
}

/** Exact decimals that name the same amount, however many zeros they end in: 10.5 and 10.5000. */
export function sameAmount(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && canonical(a) === canonical(b)
}

function canonical(amount: string): string {
  return amount.includes('.') ? amount.replace(/\.?0+$/, '') : amount
}
