import { OrderCancelled } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { LockedPayments } from '../store/payments.ts'
import { advanceOn, type EffectIntent, type EffectTimeLimits } from './advance-payment.ts'

/** From now on no charge of this order starts, even if order.created is still in flight. */
export const stopChargingOnOrderCancelled = (timeLimitsMs: EffectTimeLimits): Reaction<LockedPayments, EffectIntent> =>
  on(OrderCancelled, (message, payments, context) =>
    advanceOn(message, { on: 'order.cancelled' }, payments, { ...context, timeLimitsMs }),
  )
