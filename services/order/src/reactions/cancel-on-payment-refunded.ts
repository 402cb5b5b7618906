import { PaymentRefunded } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import { isOrdersRefund } from './match.ts'
import type { LockedSagas, SagaRecord } from '../store/sagas.ts'
import { advanceOn, type RefundRetryPolicy } from './advance-saga.ts'

/** Completes the compensation, with the order's amount or with 0. */
export const cancelOnPaymentRefunded = (policy: RefundRetryPolicy): Reaction<LockedSagas> =>
  on(PaymentRefunded, (message, sagas, context) => {
    const input = (order: SagaRecord) =>
      ({ on: 'payment.refunded', matches: isOrdersRefund(message.payload, order) }) as const
    advanceOn(message, input, sagas, { ...context, ...policy })
  })
