import { Type } from 'typebox'
import { eventType } from './event-type.ts'
import { checkMoney, checkRefundedMoney } from './money.ts'
import { Amount, Currency, CustomerEmail, Deadline, Detail, Identifier, Items, reasonOf } from './order-lines.ts'

const paymentFailures = ['declined', 'expired', 'order_cancelled'] as const
export type PaymentFailure = (typeof paymentFailures)[number]

/** The order's amount was charged, once. */
export const PaymentCompleted = eventType('payment.completed', {
  version: 1,
  publishedBy: 'payment',
  consumedBy: ['order', 'inventory'],
  payload: Type.Object({
    paymentId: Identifier,
    amount: Amount,
    currency: Currency,
    items: Items,
    // No consumer needs it; the next release no longer publishes it.
    customerEmail: Type.Optional(CustomerEmail),
    deadline: Deadline,
  }),
  rule: checkMoney,
})

/** Nothing was charged and nothing will be. */
export const PaymentFailed = eventType('payment.failed', {
  version: 1,
  publishedBy: 'payment',
  consumedBy: ['order'],
  payload: Type.Object({ reason: reasonOf(paymentFailures), detail: Detail }),
})

/**
 * Nothing is kept for the order. `amount` is 0 when nothing was charged;
 * `currency` is then XXX and the address absent if payment has no record of the order.
 */
export const PaymentRefunded = eventType('payment.refunded', {
  version: 1,
  publishedBy: 'payment',
  consumedBy: ['order', 'notification'],
  payload: Type.Object({
    refundId: Identifier,
    amount: Amount,
    currency: Currency,
    customerEmail: Type.Optional(CustomerEmail),
  }),
  rule: checkRefundedMoney,
})
