import { OrderCancelled } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { PaymentBook } from '../store/payments.ts'
import { advance } from './advance-payment.ts'

/** From now on no charge of this order starts, even if order.created is still on its way. */
export const stopChargingOnOrderCancelled: Reaction<PaymentBook> = on(OrderCancelled, (message, payments, context) => {
  const { orderId, sagaId, eventId, traceparent } = message
  const cause = { eventId, traceparent }
  advance(payments.of(orderId, sagaId), { on: 'order.cancelled' }, { ...context, effectTimeLimitMs: 0, cause })
})
