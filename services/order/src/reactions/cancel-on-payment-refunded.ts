import { PaymentRefunded } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { LockedSagas } from '../store/sagas.ts'
import { advanceOn, type RefundRetryPolicy } from './advance-saga.ts'

/** Completes the compensation. */
export const cancelOnPaymentRefunded = (policy: RefundRetryPolicy): Reaction<LockedSagas> =>
  on(PaymentRefunded, (message, sagas, context) => {
    advanceOn(message, { on: 'payment.refunded' }, sagas, { ...context, ...policy })
  })
