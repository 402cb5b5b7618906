import { PaymentFailed } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { LockedSagas } from '../store/sagas.ts'
import { advanceOn, type RefundRetryPolicy } from './advance-saga.ts'

/** Cancels an order that was not paid. */
export const cancelOnPaymentFailed = (policy: RefundRetryPolicy): Reaction<LockedSagas> =>
  on(PaymentFailed, (message, sagas, context) => {
    const { reason } = message.payload
    advanceOn(message, () => ({ on: 'payment.failed', reason }), sagas, { ...context, ...policy })
  })
