import type { Decision } from '@order-saga/contracts'

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
}

/** Inputs of a saga: an event of another service, its deadline, an overdue refund. */
export type SagaInput =
  | { readonly on: 'payment.completed' }
  | { readonly on: 'payment.failed'; readonly reason: 'declined' | 'expired' | 'order_cancelled' }
  | { readonly on: 'inventory.reserved' }
  | { readonly on: 'inventory.failed' }
  | { readonly on: 'payment.refunded' }
  | { readonly on: 'deadline' }
  | { readonly on: 'overdue' }

export type SagaOutput = 'order.confirmed' | 'order.cancelled' | 'payment.refund.requested'

/** A saga has no outside effects: payment and inventory act on its events. */
export type SagaDecision = Decision<SagaState, SagaOutput>

export const newSaga: SagaState = { status: 'pending', reason: null, compensation: 'none' }

export function isFinal(status: SagaStatus): boolean {
  return status === 'completed' || status === 'cancelled' || status === 'timeout_cancelled'
}

const to = (state: SagaState, ...publish: SagaOutput[]): SagaDecision => ({
  kind: 'decided',
  state,
  publish,
  effects: [],
})
const late: SagaDecision = { kind: 'ignored', because: 'late' }
const violation: SagaDecision = { kind: 'ignored', because: 'violation' }

/**
 * The order saga, whole: what it becomes and what it publishes, for every state and input. Pure and total. Events may
 * come twice under new ids, late, or before those that caused them.
 */
export function decide(saga: SagaState, input: SagaInput): SagaDecision {
  switch (saga.status) {
    case 'pending':
    case 'payment_completed':
      return whileOpen(saga, input)
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

function whileOpen(saga: SagaState, input: SagaInput): SagaDecision {
  const paid = saga.status === 'payment_completed'
  switch (input.on) {
    case 'payment.completed':
      return paid ? late : to({ ...saga, status: 'payment_completed' })
    case 'payment.failed':
      if (paid) return violation
      // Payment refused to charge after the deadline: the same final status as by the deadline check.
      return input.reason === 'expired'
        ? to({ status: 'timeout_cancelled', reason: 'timeout', compensation: 'none' }, 'order.cancelled')
        : to({ status: 'cancelled', reason: 'payment_failed', compensation: 'none' }, 'order.cancelled')
    case 'inventory.reserved':
      return to({ status: 'completed', reason: null, compensation: 'none' }, 'order.confirmed')
    case 'inventory.failed':
      return to({ status: 'refunding', reason: null, compensation: 'refund_requested' }, 'payment.refund.requested')
    case 'payment.refunded':
      return violation
    case 'deadline':
      return paid
        ? to(
            { status: 'timeout_cancelled', reason: 'timeout', compensation: 'refund_requested' },
            'order.cancelled',
            'payment.refund.requested',
          )
        : // No event about the money yet: if a charge is in flight, its event requests the refund.
          to({ status: 'timeout_cancelled', reason: 'timeout', compensation: 'none' }, 'order.cancelled')
    case 'overdue':
      return late
  }
}

function whileRefunding(saga: SagaState, input: SagaInput): SagaDecision {
  switch (input.on) {
    case 'payment.refunded':
      return to({ status: 'cancelled', reason: 'compensation', compensation: 'refunded' }, 'order.cancelled')
    case 'overdue':
      return to(saga, 'payment.refund.requested')
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
      return saga.compensation === 'none'
        ? to({ ...saga, compensation: 'refund_requested' }, 'payment.refund.requested')
        : late
    case 'payment.refunded':
      if (saga.compensation === 'none') return violation
      return saga.compensation === 'refund_requested' ? to({ ...saga, compensation: 'refunded' }) : late
    case 'overdue':
      return saga.compensation === 'refund_requested' ? to(saga, 'payment.refund.requested') : late
    case 'payment.failed':
    case 'deadline':
      return late
  }
}

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
