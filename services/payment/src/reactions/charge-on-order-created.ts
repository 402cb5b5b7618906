import { instantOf, OrderCreated } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import { isExpired } from '../domain/unseen-charge.ts'
import type { LockedPayments } from '../store/payments.ts'
import { advanceOn, type EffectIntent, type EffectTimeLimits } from './advance-payment.ts'

/** Charges the order once, unless it was cancelled or its deadline has passed. */
export const chargeOnOrderCreated = (timeLimitsMs: EffectTimeLimits): Reaction<LockedPayments, EffectIntent> =>
  on(OrderCreated, (message, payments, context) => {
    const { amount, currency, customerEmail, items, deadline: iso } = message.payload
    const deadline = instantOf(iso) as Date
    payments.of(message.orderId, message.sagaId).order ??= { amount, currency, customerEmail, items, deadline }
    const input = { on: 'order.created', expired: isExpired(deadline, context.now) } as const
    return advanceOn(message, input, payments, { ...context, timeLimitsMs })
  })
