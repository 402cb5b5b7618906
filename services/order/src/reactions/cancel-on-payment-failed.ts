import { PaymentFailed } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { SagaBook } from '../store/sagas.ts'
import { advanceOn, type RefundPatience } from './advance-saga.ts'

/** No money, no order. */
export const cancelOnPaymentFailed = (patience: RefundPatience): Reaction<SagaBook> =>
  on(PaymentFailed, (message, sagas, context) => {
    advanceOn(message, { on: 'payment.failed', reason: message.payload.reason }, sagas, { ...context, ...patience })
  })
