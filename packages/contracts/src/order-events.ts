import { Type } from 'typebox'
import { eventType } from './event-type.ts'
import { checkMoney } from './money.ts'
import { Amount, Currency, CustomerEmail, CustomerId, Deadline, Detail, Items, reasonOf } from './order-lines.ts'

const cancelReasons = ['payment_failed', 'compensation', 'timeout'] as const
export type CancelReason = (typeof cancelReasons)[number]

/** An order was accepted. No charge starts at or after `deadline`. */
export const OrderCreated = eventType('order.created', {
  version: 1,
  publishedBy: 'order',
  consumedBy: ['payment'],
  payload: Type.Object({
    customerId: Type.Optional(CustomerId),
    customerEmail: CustomerEmail,
    items: Items,
    amount: Amount,
    currency: Currency,
    deadline: Deadline,
  }),
  rule: checkMoney,
})

/** The order ends well: it is paid and its stock is reserved. */
export const OrderConfirmed = eventType('order.confirmed', {
  version: 1,
  publishedBy: 'order',
  consumedBy: ['notification', 'inventory'],
  payload: Type.Object({ customerEmail: CustomerEmail, items: Items, amount: Amount, currency: Currency }),
  rule: checkMoney,
})

/** The order ends without a sale: nobody may charge or reserve for it any more, and what was reserved is released. */
export const OrderCancelled = eventType('order.cancelled', {
  version: 1,
  publishedBy: 'order',
  consumedBy: ['payment', 'inventory', 'notification'],
  payload: Type.Object({
    customerEmail: CustomerEmail,
    items: Items,
    amount: Amount,
    currency: Currency,
    reason: reasonOf(cancelReasons),
  }),
  rule: checkMoney,
})

/** Requests the refund of the order's charge. May be published more than once; payment refunds once. */
export const PaymentRefundRequested = eventType('payment.refund.requested', {
  version: 1,
  publishedBy: 'order',
  consumedBy: ['payment'],
  payload: Type.Object({ reason: Detail }),
})
