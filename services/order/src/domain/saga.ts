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

/** What a saga can meet: an event of another service, its deadline, or a refund that is overdue. */
export type SagaInput =
  | { readonly on: 'payment.completed' }
  | { readonly on: 'payment.failed'; readonly reason: 'declined' | 'expired' | 'order_cancelled' }
  | { readonly on: 'inventory.reserved' }
  | { readonly on: 'inventory.failed' }
  | { readonly on: 'payment.refunded' }
  | { readonly on: 'deadline' }
  | { readonly on: 'overdue' }

export type SagaOutput = 'order.confirmed' | 'order.cancelled' | 'payment.refund.requested'

export type SagaDecision =
  | { readonly kind: 'changed'; readonly state: SagaState; readonly publish: readonly SagaOutput[] }
  /** `late`: harmless, it comes after the end or is overtaken. `violation`: no service that keeps to the protocol sends it. */
  | { readonly kind: 'ignored'; readonly because: 'late' | 'violation' }

export const newSaga: SagaState = { status: 'pending', reason: null, compensation: 'none' }

export function isFinal(status: SagaStatus): boolean {
  return status === 'completed' || status === 'cancelled' || status === 'timeout_cancelled'
}

const changed = (state: SagaState, ...publish: SagaOutput[]): SagaDecision => ({ kind: 'changed', state, publish })
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
      return paid ? late : changed({ ...saga, status: 'payment_completed' })
    case 'payment.failed':
      if (paid) return violation
      // Payment itself saw the deadline pass: the same end as when the deadline check had been first.
      return input.reason === 'expired'
        ? changed({ status: 'timeout_cancelled', reason: 'timeout', compensation: 'none' }, 'order.cancelled')
        : changed({ status: 'cancelled', reason: 'payment_failed', compensation: 'none' }, 'order.cancelled')
    case 'inventory.reserved':
      return changed({ status: 'completed', reason: null, compensation: 'none' }, 'order.confirmed')
    case 'inventory.failed':
      return changed(
        { status: 'refunding', reason: null, compensation: 'refund_requested' },
        'payment.refund.requested',
      )
    case 'payment.refunded':
      return violation
    case 'deadline':
      return paid
        ? changed(
            { status: 'timeout_cancelled', reason: 'timeout', compensation: 'refund_requested' },
            'order.cancelled',
            'payment.refund.requested',
          )
        : // Nothing is known of the money yet: if a charge was under way, its event comes and asks for the refund.
          changed({ status: 'timeout_cancelled', reason: 'timeout', compensation: 'none' }, 'order.cancelled')
    case 'overdue':
      return late
  }
}

function whileRefunding(saga: SagaState, input: SagaInput): SagaDecision {
  switch (input.on) {
    case 'payment.refunded':
      return changed({ status: 'cancelled', reason: 'compensation', compensation: 'refunded' }, 'order.cancelled')
    case 'overdue':
      return changed(saga, 'payment.refund.requested')
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
      // Each of the three says that money was taken after all.
      return saga.compensation === 'none'
        ? changed({ ...saga, compensation: 'refund_requested' }, 'payment.refund.requested')
        : late
    case 'payment.refunded':
      if (saga.compensation === 'none') return violation
      return saga.compensation === 'refund_requested' ? changed({ ...saga, compensation: 'refunded' }) : late
    case 'overdue':
      return saga.compensation === 'refund_requested' ? changed(saga, 'payment.refund.requested') : late
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
