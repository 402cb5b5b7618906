import { PaymentRefundRequested } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { LockedPayments } from '../store/payments.ts'
import { advanceOn, type EffectIntent, type EffectTimeLimits } from './advance-payment.ts'

/** Refunds what was charged, once; a request for an order that was never charged is answered with amount 0. */
export const refundOnRefundRequested = (timeLimitsMs: EffectTimeLimits): Reaction<LockedPayments, EffectIntent> =>
  on(PaymentRefundRequested, (message, payments, context) =>
    advanceOn(message, { on: 'payment.refund.requested' }, payments, { ...context, timeLimitsMs }),
  )
