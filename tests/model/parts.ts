import type { Append, Reaction } from '@order-saga/chassis'
import { inventoryReactions } from '../../services/inventory/src/reactions/index.ts'
import type { LockedInventory } from '../../services/inventory/src/store/locked-inventory.ts'
import { advance } from '../../services/order/src/reactions/advance-saga.ts'
import { orderReactions } from '../../services/order/src/reactions/index.ts'
import type { LockedSagas } from '../../services/order/src/store/sagas.ts'
import { decideUnseenCharge, isExpired } from '../../services/payment/src/domain/unseen-charge.ts'
import { applyResult } from '../../services/payment/src/effects/record-results.ts'
import type { EffectIntent } from '../../services/payment/src/reactions/advance-payment.ts'
import { paymentReactions } from '../../services/payment/src/reactions/index.ts'
import type { LockedPayments } from '../../services/payment/src/store/payments.ts'
import { chargeWindow, refundRetryMs } from './clock.ts'
import type { Forgery } from './forgeries.ts'
import { previousAdvance, previousReactions } from './releases.ts'

/** One durable or visible part of handling a delivery. A process may die before the first, after the last, and in between. */
export type DeliveryStep =
  /** One transaction: is the id unknown? react, save, claim the id, append what is to be published to the outbox. */
  | 'transaction'
  /** The same without checking the inbox, and without a claim. */
  | 'transaction without inbox'
  /** The same without an outbox: what is to be published is only in memory. */
  | 'transaction without outbox'
  /** A transaction that only claims the id; one that finds it claimed goes on with the ack. */
  | 'claim'
  /** Publishes past the outbox. */
  | 'publish'
  | 'ack'

/** The model's parts: the services' own functions, and how their decisions are made durable. */
export interface Parts {
  readonly order: readonly Reaction<LockedSagas>[]
  readonly advanceSaga: typeof advance
  readonly payment: readonly Reaction<LockedPayments, EffectIntent>[]
  readonly applyResult: typeof applyResult
  readonly decideUnseenCharge: typeof decideUnseenCharge
  readonly isExpired: typeof isExpired
  readonly inventory: readonly Reaction<LockedInventory>[]
  /** Pods of the order service that take part beside those of `order` and `advanceSaga`: of another release. */
  readonly otherOrder?: Pick<Parts, 'order' | 'advanceSaga'>
  /** An event that no service has published. */
  readonly forged?: Forgery
  /** Whether a saga may meet an event that breaks the protocol. */
  readonly violations: 'none' | 'expected'
  readonly delivery: readonly DeliveryStep[]
  /** The order of the relay's two steps for a row of the outbox. */
  readonly relay: 'publish, then mark' | 'mark, then publish'
  /** Whether the provider is given keys by which it knows a repetition. */
  readonly keys: { readonly charge: boolean; readonly refund: boolean }
  /** The recorded result of a charge without a response. */
  readonly silence: 'unknown' | 'declined'
}

const none = (): void => undefined
export const timeLimitsMs = { charge: chargeWindow.timeLimitMs, refund: chargeWindow.timeLimitMs }

/** The actual system. */
export const production: Parts = {
  order: orderReactions({ queue: 'order', refundRetryMs, committed: none }).reactions,
  advanceSaga: advance,
  payment: paymentReactions({
    queue: 'payment',
    timeLimitsMs,
    newId: () => 'payment-id',
    committed: none,
  }).reactions,
  applyResult,
  decideUnseenCharge,
  isExpired,
  inventory: inventoryReactions({
    queue: 'inventory',
    policy: { failureRate: 0, acceptUnknownSku: true },
    newId: () => 'reservation-id',
    committed: none,
  }).reactions,
  violations: 'none',
  delivery: ['transaction', 'ack'],
  relay: 'publish, then mark',
  keys: { charge: true, refund: true },
  silence: 'unknown',
}

/** Production during an upgrade: pods of the previous release of the order service take part. */
export const upgrading: Parts = {
  ...production,
  otherOrder: { order: previousReactions(production.order), advanceSaga: previousAdvance(production.advanceSaga) },
}

/** Production, with an event that no service has published. */
export const attacked = (forged: Forgery): Parts => ({ ...production, forged, violations: 'expected' })

/** Production, with a payment service that reports another amount than it charges. */
export const misreported: Parts = {
  ...production,
  applyResult: (payment, result, context) => {
    const append: Append = (type, payload, cause) =>
      context.append(type, type.name === 'payment.completed' ? { ...payload, amount: '0.01' } : payload, cause)
    return applyResult(payment, result, { ...context, append })
  },
  violations: 'expected',
}
