import { PaymentCompleted } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { LockedSagas } from '../store/sagas.ts'
import { advanceOn, type RefundRetryPolicy } from './advance-saga.ts'

/** Records the payment; one that arrives after the deadline is refunded. */
export const notePaymentOnPaymentCompleted = (policy: RefundRetryPolicy): Reaction<LockedSagas> =>
  on(PaymentCompleted, (message, sagas, context) => {
    advanceOn(message, { on: 'payment.completed' }, sagas, { ...context, ...policy })
  })
