import { OrderCreated } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { Charger } from '../charger.ts'
import type { PaymentBook } from '../store/payments.ts'
import { advance } from './advance-payment.ts'

/** Charges the order once, unless it was cancelled or its deadline has passed. The charge itself comes after the commit. */
export const chargeOnOrderCreated = (charger: Pick<Charger, 'charge' | 'timeLimitMs'>): Reaction<PaymentBook> =>
  on(OrderCreated, (message, payments, context) => {
    const { payload, orderId, sagaId, eventId, traceparent } = message
    const payment = payments.of(orderId, sagaId)
    const deadline = new Date(payload.deadline)
    if (!payment.state.orderSeen) {
      payment.amount = payload.amount
      payment.currency = payload.currency
      payment.customerEmail = payload.customerEmail
      payment.items = payload.items
      payment.deadline = deadline
    }
    const decision = advance(
      payment,
      { on: 'order.created', expired: context.now >= deadline },
      { ...context, effectTimeLimitMs: charger.timeLimitMs, cause: { eventId, traceparent } },
    )
    return decision.effect === 'charge' ? () => charger.charge({ ...payment }, message) : undefined
  })
