import { type Finding, type OrderCheck, wrong, wrongAtRest } from '../finding.ts'
import type { PaymentRow } from '../order-facts.ts'
import type { LedgerEntry } from '../sources.ts'
import { sameAmount } from './same-amount.ts'

export const chargeKey = (orderId: string): string => `charge:${orderId}`
export const refundKey = (orderId: string): string => `refund:${orderId}`

/** Invariant 3 again, from the provider's own books: the money that really moved is what payment's table says. */
export const checkProviderBooks: OrderCheck = ({ orderId, payment }, { gateway }) => {
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
