import { PaymentRefunded } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { SagaBook } from '../store/sagas.ts'
import { advanceOn, type RefundPatience } from './advance-saga.ts'

/** The money is back: the compensation is complete. */
export const cancelOnPaymentRefunded = (patience: RefundPatience): Reaction<SagaBook> =>
  on(PaymentRefunded, (message, sagas, context) => {
    advanceOn(message, { on: 'payment.refunded' }, sagas, { ...context, ...patience })
  })
