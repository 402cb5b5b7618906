import { PaymentRefundRequested } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { Refunder } from '../refunder.ts'
import type { PaymentBook } from '../store/payments.ts'
import { advance } from './advance-payment.ts'

/** Gives back what was charged, once; what was never charged is answered with amount 0. */
export const refundOnRefundRequested = (refunder: Pick<Refunder, 'timeLimitMs'>): Reaction<PaymentBook> =>
  on(PaymentRefundRequested, (message, payments, context) => {
    const { orderId, sagaId, eventId, traceparent } = message
    const payment = payments.of(orderId, sagaId)
    const cause = { eventId, traceparent }
    const input = { on: 'payment.refund.requested' } as const
    advance(payment, input, { ...context, effectTimeLimitMs: refunder.timeLimitMs, cause })
  })
