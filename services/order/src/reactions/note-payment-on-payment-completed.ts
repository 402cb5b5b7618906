import { PaymentCompleted } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import { isOrdersAmount } from './match.ts'
import type { LockedSagas, SagaRecord } from '../store/sagas.ts'
import { advanceOn, type RefundRetryPolicy } from './advance-saga.ts'

/**
 * Records the payment, and confirms the order if its reservation overtook the payment; a payment that arrives after the
 * deadline is refunded.
 */
export const notePaymentOnPaymentCompleted = (policy: RefundRetryPolicy): Reaction<LockedSagas> =>
  on(PaymentCompleted, (message, sagas, context) => {
    const input = (order: SagaRecord) =>
      ({ on: 'payment.completed', matches: isOrdersAmount(message.payload, order) }) as const
    advanceOn(message, input, sagas, { ...context, ...policy })
  })
