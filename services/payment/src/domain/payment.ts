import type { PaymentFailure } from '@order-saga/contracts'

/**
 * Where the money of one order stands. `none`: payment has not met the order. `cancelled` is a tombstone: it was not
 * charged and never will be. `charging` and `refunding` are intents whose outcome is not known yet.
 */
export type PaymentStatus = 'none' | 'charging' | 'charged' | 'declined' | 'cancelled' | 'refunding' | 'refunded'

export interface PaymentState {
  readonly status: PaymentStatus
  /** Why nothing was charged. */
  readonly reason: PaymentFailure | null
  /** Whether order.created has been seen; a cancellation may come before it. */
  readonly orderSeen: boolean
  /** The order was cancelled while its charge was under way: no charge is started any more. */
  readonly cancelSeen: boolean
  /** A refund was asked for while the charge was under way. */
  readonly refundWanted: boolean
}

export type PaymentInput =
  | { readonly on: 'order.created'; readonly expired: boolean }
  | { readonly on: 'order.cancelled' }
  | { readonly on: 'payment.refund.requested' }
  /** The provider has charged. */
  | { readonly on: 'charge.succeeded' }
  | { readonly on: 'charge.declined' }
  /** The provider has not charged, and no request that could still be on its way will make it. */
  | { readonly on: 'charge.absent' }
  | { readonly on: 'refund.succeeded' }

export type PaymentOutput = 'payment.completed' | 'payment.failed' | 'payment.refunded'

export interface PaymentDecision {
  readonly state: PaymentState
  readonly publish: readonly PaymentOutput[]
  /** What is to be asked of the provider once the state is durable. */
  readonly effect?: 'charge' | 'refund'
}

export const unknownPayment: PaymentState = {
  status: 'none',
  reason: null,
  orderSeen: false,
  cancelSeen: false,
  refundWanted: false,
}

/**
 * All of payment's decisions. Pure and total. It charges an order once at most, never starts a charge at or after the
 * deadline or once the cancellation was seen, gives back once, and answers every request for a refund.
 */
export function decide(payment: PaymentState, input: PaymentInput): PaymentDecision {
  switch (input.on) {
    case 'order.created':
      return onOrderCreated(payment, input.expired)
    case 'order.cancelled':
      return onOrderCancelled(payment)
    case 'payment.refund.requested':
      return onRefundRequested(payment)
    case 'charge.succeeded':
      return onChargeSucceeded(payment)
    case 'charge.declined':
      return payment.status === 'charging' ? notCharged(payment, 'declined', 'declined') : unchanged(payment)
    case 'charge.absent':
      return payment.status === 'charging'
        ? notCharged(payment, 'cancelled', payment.cancelSeen ? 'order_cancelled' : 'expired')
        : unchanged(payment)
    case 'refund.succeeded':
      return payment.status === 'refunding'
        ? to({ ...payment, status: 'refunded' }, 'payment.refunded')
        : unchanged(payment)
  }
}

function onOrderCreated(payment: PaymentState, expired: boolean): PaymentDecision {
  switch (payment.status) {
    case 'none':
      return expired
        ? to({ ...payment, status: 'cancelled', reason: 'expired', orderSeen: true }, 'payment.failed')
        : { state: { ...payment, status: 'charging', orderSeen: true }, publish: [], effect: 'charge' }
    case 'charging':
      // Given out again after a crash. Too late to start a charge: the sweeper finds out whether there was one.
      return expired || payment.cancelSeen ? unchanged(payment) : { ...unchanged(payment), effect: 'charge' }
    case 'cancelled':
      return payment.orderSeen ? unchanged(payment) : to({ ...payment, orderSeen: true }, 'payment.failed')
    case 'charged':
    case 'declined':
    case 'refunding':
    case 'refunded':
      return unchanged(payment)
  }
}

function onOrderCancelled(payment: PaymentState): PaymentDecision {
  if (payment.status === 'none') return to({ ...payment, status: 'cancelled', reason: 'order_cancelled' })
  if (payment.status === 'charging') return to({ ...payment, cancelSeen: true })
  return unchanged(payment)
}

function onRefundRequested(payment: PaymentState): PaymentDecision {
  switch (payment.status) {
    case 'none':
      return to({ ...payment, status: 'cancelled', reason: 'order_cancelled' }, 'payment.refunded')
    case 'charging':
      return to({ ...payment, refundWanted: true })
    case 'charged':
      return { state: { ...payment, status: 'refunding' }, publish: [], effect: 'refund' }
    case 'refunding':
      return unchanged(payment)
    case 'declined':
    case 'cancelled':
    case 'refunded':
      return to(payment, 'payment.refunded')
  }
}

function onChargeSucceeded(payment: PaymentState): PaymentDecision {
  switch (payment.status) {
    case 'charging':
      return payment.refundWanted
        ? { state: { ...payment, status: 'refunding' }, publish: [], effect: 'refund' }
        : to({ ...payment, status: 'charged' }, 'payment.completed')
    case 'declined':
    case 'cancelled':
    case 'none':
      // The provider has charged after it said, or after we concluded, that it had not: give it back, whoever asks.
      return { state: { ...payment, status: 'refunding', orderSeen: true }, publish: [], effect: 'refund' }
    case 'charged':
    case 'refunding':
    case 'refunded':
      return unchanged(payment)
  }
}

function notCharged(payment: PaymentState, status: 'declined' | 'cancelled', reason: PaymentFailure): PaymentDecision {
  const state: PaymentState = { ...payment, status, reason }
  return payment.refundWanted ? to(state, 'payment.failed', 'payment.refunded') : to(state, 'payment.failed')
}

const to = (state: PaymentState, ...publish: PaymentOutput[]): PaymentDecision => ({ state, publish })
const unchanged = (state: PaymentState): PaymentDecision => ({ state, publish: [] })
