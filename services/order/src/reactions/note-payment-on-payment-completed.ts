import { PaymentCompleted } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { SagaBook } from '../store/sagas.ts'
import { advanceOn, type RefundPatience } from './advance-saga.ts'

/** The money is there; money that comes after the deadline is asked back. */
export const notePaymentOnPaymentCompleted = (patience: RefundPatience): Reaction<SagaBook> =>
  on(PaymentCompleted, (message, sagas, context) => {
    advanceOn(message, { on: 'payment.completed' }, sagas, { ...context, ...patience })
  })
