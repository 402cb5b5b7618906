import type { Decided, Ignored, PaymentFailure } from '@order-saga/contracts'

/**
 * Status of one order's payment. `none`: payment has no record of the order. `cancelled` is a tombstone: it was not
 * charged and never will be. `charging` and `refunding` are intents whose result is not known yet.
 */
export type PaymentStatus = 'none' | 'charging' | 'charged' | 'declined' | 'cancelled' | 'refunding' | 'refunded'

export interface PaymentState {
  readonly status: PaymentStatus
  /** Why nothing was charged. */
  readonly reason: PaymentFailure | null
  /** Whether order.created has been seen; a cancellation may come before it. */
  readonly orderSeen: boolean
  /** The order was cancelled while its charge was in flight: no charge is started any more. */
  readonly cancelSeen: boolean
  /** A refund was requested while the charge was in flight. */
  readonly refundWanted: boolean
}

export type PaymentInput =
  | { readonly on: 'order.created'; readonly expired: boolean }
  | { readonly on: 'order.cancelled' }
  | { readonly on: 'payment.refund.requested' }
  /** The provider has charged. */
  | { readonly on: 'charge.succeeded' }
  | { readonly on: 'charge.declined' }
  /** The provider has not charged, and no request that is still in flight can make it. */
  | { readonly on: 'charge.absent' }
  | { readonly on: 'refund.succeeded' }

export type PaymentOutput = 'payment.completed' | 'payment.failed' | 'payment.refunded'
export type PaymentEffect = 'charge' | 'refund'

/** Payment has no protocol violations: in every state, every input is answered or late. */
export type PaymentDecision = Decided<PaymentState, PaymentOutput, PaymentEffect> | (Ignored & { because: 'late' })

export const unknownPayment: PaymentState = {
  status: 'none',
  reason: null,
  orderSeen: false,
  cancelSeen: false,
  refundWanted: false,
}

/**
 * All of payment's decisions. Pure and total. It charges an order once at most, never starts a charge at or after the
 * deadline or once the cancellation was seen, refunds once, and answers every request for a refund.
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
      return payment.status === 'charging' ? notCharged(payment, 'declined', 'declined') : late
    case 'charge.absent':
      return payment.status === 'charging'
        ? notCharged(payment, 'cancelled', payment.cancelSeen ? 'order_cancelled' : 'expired')
        : late
    case 'refund.succeeded':
      return payment.status === 'refunding' ? decided({ ...payment, status: 'refunded' }, ['payment.refunded']) : late
  }
}

function onOrderCreated(payment: PaymentState, expired: boolean): PaymentDecision {
  switch (payment.status) {
    case 'none':
      return expired
        ? decided({ ...payment, status: 'cancelled', reason: 'expired', orderSeen: true }, ['payment.failed'])
        : decided({ ...payment, status: 'charging', orderSeen: true }, [], ['charge'])
    case 'charging':
      // Redelivered after a crash. Too late to start a charge: the sweeper finds out whether there was one.
      return expired || payment.cancelSeen ? late : decided(payment, [], ['charge'])
    case 'cancelled':
      return payment.orderSeen ? late : decided({ ...payment, orderSeen: true }, ['payment.failed'])
    case 'charged':
    case 'declined':
    case 'refunding':
    case 'refunded':
      return late
  }
}

function onOrderCancelled(payment: PaymentState): PaymentDecision {
  if (payment.status === 'none') return markCancelled(payment)
  return payment.status === 'charging' && !payment.cancelSeen ? decided({ ...payment, cancelSeen: true }) : late
}

function onRefundRequested(payment: PaymentState): PaymentDecision {
  switch (payment.status) {
    case 'none':
      return markCancelled(payment, ['payment.refunded'])
    case 'charging':
      return payment.refundWanted ? late : decided({ ...payment, refundWanted: true })
    case 'charged':
      return startRefund(payment)
    case 'refunding':
      return late
    case 'declined':
    case 'cancelled':
    case 'refunded':
      return decided(payment, ['payment.refunded'])
  }
}

function onChargeSucceeded(payment: PaymentState): PaymentDecision {
  switch (payment.status) {
    case 'charging':
      return payment.refundWanted
        ? startRefund(payment)
        : decided({ ...payment, status: 'charged' }, ['payment.completed'])
    case 'declined':
    case 'cancelled':
    case 'none':
      // The provider has charged after it declined, or after we concluded that it had not: refunded without a request.
      return startRefund({ ...payment, orderSeen: true })
    case 'charged':
    case 'refunding':
    case 'refunded':
      return late
  }
}

function notCharged(payment: PaymentState, status: 'declined' | 'cancelled', reason: PaymentFailure): PaymentDecision {
  return decided(
    { ...payment, status, reason },
    payment.refundWanted ? ['payment.failed', 'payment.refunded'] : ['payment.failed'],
  )
}

/** Leaves a tombstone for an order that payment has no record of. */
const markCancelled = (payment: PaymentState, publish?: readonly PaymentOutput[]): PaymentDecision =>
  decided({ ...payment, status: 'cancelled', reason: 'order_cancelled' }, publish)

const startRefund = (payment: PaymentState): PaymentDecision =>
  decided({ ...payment, status: 'refunding' }, [], ['refund'])

const decided = (
  state: PaymentState,
  publish: readonly PaymentOutput[] = [],
  effects: readonly PaymentEffect[] = [],
): PaymentDecision => ({ kind: 'decided', state, publish, effects })

const late: PaymentDecision = { kind: 'ignored', because: 'late' }
