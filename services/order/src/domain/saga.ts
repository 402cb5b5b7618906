import type { Decision, Ignored } from '@order-saga/contracts'

/** Where an order's saga can stand. The last three are final: no event leads out of them. */
export const sagaStatuses = [
  'pending',
  'payment_completed',
  'refunding',
  'completed',
  'cancelled',
  'timeout_cancelled',
] as const
export type SagaStatus = (typeof sagaStatuses)[number]

/** Why a cancelled saga was cancelled. */
export type SagaReason = 'payment_failed' | 'compensation' | 'timeout'

/** How far the money has come back. */
export type Compensation = 'none' | 'refund_requested' | 'refunded'

export interface SagaState {
  readonly status: SagaStatus
  /** Set exactly when the status is `cancelled` or `timeout_cancelled`. */
  readonly reason: SagaReason | null
  readonly compensation: Compensation
  /** A matching reservation came before its payment. With `payment_completed`, the proof of payment, it confirms the order. */
  readonly reservationSeen: boolean
  /** A payment or a reservation that is not the order's was reported: money may have been taken. */
  readonly mismatch: boolean
}

/**
 * Inputs of a saga: an event of another service, its deadline, an overdue refund. For `matches` see `reactions/match.ts`. A
 * reason that is not known here is one more reason why nothing was charged.
 */
export type SagaInput =
  | { readonly on: 'payment.completed'; readonly matches: boolean }
  | { readonly on: 'payment.failed'; readonly reason: string }
  | { readonly on: 'inventory.reserved'; readonly matches: boolean }
  | { readonly on: 'inventory.failed' }
  | { readonly on: 'payment.refunded'; readonly matches: boolean }
  | { readonly on: 'deadline' }
  | { readonly on: 'overdue' }

export type SagaOutput = 'order.confirmed' | 'order.cancelled' | 'payment.refund.requested'

/** A saga has no outside effects: payment and inventory act on its events. */
export type SagaDecision = Decision<SagaState, SagaOutput>

export const newSaga: SagaState = {
  status: 'pending',
  reason: null,
  compensation: 'none',
  reservationSeen: false,
  mismatch: false,
}

export function isFinal(status: SagaStatus): boolean {
  return status === 'completed' || status === 'cancelled' || status === 'timeout_cancelled'
}

/** An event that no participant which follows the protocol sends. One that does not match the order is, in every state. */
export function isViolation(input: SagaInput, decision: SagaDecision): boolean {
  return !isOrders(input) || (decision.kind === 'ignored' && decision.because === 'violation')
}

/**
 * The order saga, whole: what it becomes and what it publishes, for every state and input. Pure and total. An order is
 * confirmed only with both proofs. Events may come twice under new ids, late, or before those that caused them.
 */
export function decide(saga: SagaState, input: SagaInput): SagaDecision {
  if (!isOrders(input)) return onMismatch(saga, input.on === 'payment.refunded')
  switch (saga.status) {
    case 'pending':
      return whilePending(saga, input)
    case 'payment_completed':
      return whilePaid(saga, input)
    case 'refunding':
      return whileRefunding(saga, input)
    case 'timeout_cancelled':
      return afterTimeout(saga, input)
    case 'cancelled':
      return afterCancel(saga, input)
    case 'completed':
      return input.on === 'payment.completed' || input.on === 'inventory.reserved' || isTimer(input) ? late : violation
  }
}

function isOrders(input: SagaInput): boolean {
  return !('matches' in input) || input.matches
}

const to = (saga: SagaState, change: Partial<SagaState>, ...publish: SagaOutput[]): SagaDecision => ({
  kind: 'decided',
  state: { ...saga, ...change },
  publish,
  effects: [],
})
const late: Ignored = { kind: 'ignored', because: 'late' }
const violation: Ignored = { kind: 'ignored', because: 'violation' }

const confirm = (saga: SagaState): SagaDecision => to(saga, { status: 'completed' }, 'order.confirmed')
const compensate = (saga: SagaState): SagaDecision =>
  to(saga, { status: 'refunding', compensation: 'refund_requested' }, 'payment.refund.requested')
const timeOut = (saga: SagaState): SagaDecision =>
  to(saga, { status: 'timeout_cancelled', reason: 'timeout', compensation: 'none' }, 'order.cancelled')
const timeOutAndRefund = (saga: SagaState): SagaDecision =>
  to(
    saga,
    { status: 'timeout_cancelled', reason: 'timeout', compensation: 'refund_requested' },
    'order.cancelled',
    'payment.refund.requested',
  )

/** It proves nothing, but money may have been taken: an open saga requests the refund at its deadline. */
function onMismatch(saga: SagaState, isRefund: boolean): SagaDecision {
  if (isRefund) return violation
  if (!isFinal(saga.status) && saga.status !== 'refunding') return to(saga, { mismatch: true })
  return saga.status === 'timeout_cancelled' && saga.compensation === 'none' ? refundAfterTimeout(saga) : violation
}

function whilePending(saga: SagaState, input: SagaInput): SagaDecision {
  switch (input.on) {
    case 'payment.completed':
      return saga.reservationSeen ? confirm(saga) : to(saga, { status: 'payment_completed' })
    case 'payment.failed':
      // Inventory reserves only what is paid: one of the two is wrong, and money may have been taken.
      if (saga.reservationSeen) return violation
      // Payment refused to charge after the deadline: the same final status as by the deadline check.
      return input.reason === 'expired'
        ? timeOut(saga)
        : to(saga, { status: 'cancelled', reason: 'payment_failed', compensation: 'none' }, 'order.cancelled')
    case 'inventory.reserved':
      return saga.reservationSeen ? late : to(saga, { reservationSeen: true })
    case 'inventory.failed':
      return compensate(saga)
    case 'payment.refunded':
      return violation
    case 'deadline':
      // Without a sign of money: if a charge is in flight, its event requests the refund.
      return saga.reservationSeen || saga.mismatch ? timeOutAndRefund(saga) : timeOut(saga)
    case 'overdue':
      return late
  }
}

function whilePaid(saga: SagaState, input: SagaInput): SagaDecision {
  switch (input.on) {
    case 'payment.completed':
    case 'overdue':
      return late
    case 'inventory.reserved':
      return confirm(saga)
    case 'inventory.failed':
      return compensate(saga)
    case 'payment.failed':
    case 'payment.refunded':
      return violation
    case 'deadline':
      // A release that does not know the overtaking reservation left a saga with both proofs open.
      return saga.reservationSeen ? confirm(saga) : timeOutAndRefund(saga)
  }
}

function whileRefunding(saga: SagaState, input: SagaInput): SagaDecision {
  switch (input.on) {
    case 'payment.refunded':
      return to(saga, { status: 'cancelled', reason: 'compensation', compensation: 'refunded' }, 'order.cancelled')
    case 'overdue':
      return to(saga, {}, 'payment.refund.requested')
    case 'payment.completed':
    case 'inventory.failed':
    case 'deadline':
      return late
    case 'payment.failed':
    case 'inventory.reserved':
      return violation
  }
}

function afterTimeout(saga: SagaState, input: SagaInput): SagaDecision {
  switch (input.on) {
    case 'payment.completed':
    case 'inventory.reserved':
    case 'inventory.failed':
      // Each of the three proves that money was taken.
      return saga.compensation === 'none' ? refundAfterTimeout(saga) : late
    case 'payment.refunded':
      if (saga.compensation === 'none') return violation
      return saga.compensation === 'refund_requested' ? to(saga, { compensation: 'refunded' }) : late
    case 'overdue':
      return saga.compensation === 'refund_requested' ? to(saga, {}, 'payment.refund.requested') : late
    case 'payment.failed':
    case 'deadline':
      return late
  }
}

const refundAfterTimeout = (saga: SagaState): SagaDecision =>
  to(saga, { compensation: 'refund_requested' }, 'payment.refund.requested')

function afterCancel(saga: SagaState, input: SagaInput): SagaDecision {
  if (isTimer(input)) return late
  const compensated = saga.reason === 'compensation'
  switch (input.on) {
    case 'payment.failed':
      return compensated ? violation : late
    case 'payment.completed':
    case 'inventory.failed':
    case 'payment.refunded':
      return compensated ? late : violation
    case 'inventory.reserved':
    case 'deadline':
    case 'overdue':
      return violation
  }
}

function isTimer(input: SagaInput): boolean {
  return input.on === 'deadline' || input.on === 'overdue'
}
