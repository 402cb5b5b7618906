import { OrderCancelled, OrderCreated } from '@order-saga/contracts'
import type { Reactions } from '@order-saga/chassis'
import { type LockedPayments, lockPayments, type PaymentCache, savePayments } from '../store/payments.ts'
import type { EffectIntent, EffectTimeLimits } from './advance-payment.ts'
import { chargeOnOrderCreated } from './charge-on-order-created.ts'
import { refundOnRefundRequested } from './refund-on-refund-requested.ts'
import { stopChargingOnOrderCancelled } from './stop-charging-on-order-cancelled.ts'

/** All reactions of the payment service to events of others. */
export function paymentReactions(options: {
  readonly queue: string
  readonly timeLimitsMs: EffectTimeLimits
  readonly newId: () => string
  readonly cache?: PaymentCache
  readonly committed: (payments: LockedPayments) => void
}): Reactions<LockedPayments, EffectIntent> {
  const { queue, timeLimitsMs, newId, cache, committed } = options
  return {
    consumer: queue,
    // A charge that its batch cancels must not start.
    first: OrderCancelled,
    load: (tx, messages, now) => {
      const orderIds = messages.map(({ orderId }) => orderId)
      return lockPayments(tx, orderIds, newId, now)
    },
    loadCached: (messages, now) => {
      const created = new Set(messages.filter(({ name }) => name === OrderCreated.name).map(({ orderId }) => orderId))
      const orderIds = messages.map(({ orderId }) => orderId)
      return cache?.take(orderIds, { isNew: (orderId) => created.has(orderId), newId, now })
    },
    reactions: [
      chargeOnOrderCreated(timeLimitsMs),
      stopChargingOnOrderCancelled(timeLimitsMs),
      refundOnRefundRequested(timeLimitsMs),
    ],
    save: savePayments,
    committed,
  }
}
