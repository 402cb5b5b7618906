import type { Item } from '@order-saga/contracts'
import type { StoreName } from '../inspect/stores.ts'

export interface OrderRow {
  readonly sagaId: string
  readonly status: 'pending' | 'confirmed' | 'cancelled'
  /** Exact decimal with four decimals. */
  readonly amount: string
  readonly currency: string
  readonly items: readonly Item[]
}

export interface SagaRow {
  readonly sagaId: string
  readonly status: 'pending' | 'payment_completed' | 'refunding' | 'completed' | 'cancelled' | 'timeout_cancelled'
  readonly reason: 'payment_failed' | 'compensation' | 'timeout' | null
  readonly compensation: 'none' | 'refund_requested' | 'refunded'
  readonly timeoutAt: Date
  readonly refundDueAt: Date | null
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly finishedAt: Date | null
  readonly saidConfirmed: boolean
  readonly saidCancelled: boolean
  /** Whether its history has a payment, and a reservation, that match the order. */
  readonly isPaid: boolean
  readonly isReserved: boolean
  /** Whether it received an event that violates the protocol or does not match the order. */
  readonly hasViolations: boolean
}

export interface PaymentRow {
  readonly orderId: string
  readonly sagaId: string
  readonly status: 'charging' | 'charged' | 'declined' | 'cancelled' | 'refunding' | 'refunded'
  readonly amount: string | null
  readonly currency: string | null
  readonly chargeId: string | null
  readonly refundId: string | null
  /** When the sweeper next checks a charge or refund with an unknown outcome. */
  readonly nextAttemptAt: Date | null
  readonly version: number
  readonly updatedAt: Date
}

export interface ReservationRow {
  readonly orderId: string
  readonly sagaId: string
  readonly status: 'reserved' | 'rejected' | 'released' | 'committed' | 'cancelled'
  readonly items: readonly Item[]
  readonly version: number
}

/** An event of the order's saga that is still in an outbox. */
export interface SagaEvent {
  readonly store: StoreName
  readonly eventId: string
  readonly sagaId: string
  readonly name: string
  readonly causationId: string | null
  readonly publishedAt: Date | null
  readonly parked: boolean
  readonly amount: string | null
  readonly currency: string | null
}

/** The rows of one order in the three databases. */
export interface OrderFacts {
  readonly orderId: string
  readonly order?: OrderRow | undefined
  readonly saga?: SagaRow | undefined
  readonly payment?: PaymentRow | undefined
  readonly reservation?: ReservationRow | undefined
  /** Undefined if not read. */
  readonly events?: readonly SagaEvent[] | undefined
}

export function sagaIdOf({ order, saga, payment, reservation }: OrderFacts): string | undefined {
  return saga?.sagaId ?? order?.sagaId ?? payment?.sagaId ?? reservation?.sagaId
}

export function isOpen(saga: SagaRow): boolean {
  return saga.status === 'pending' || saga.status === 'payment_completed'
}

export function isCancelled(saga: SagaRow): boolean {
  return saga.status === 'cancelled' || saga.status === 'timeout_cancelled'
}

/**
 * Changes when one of the rows changes. Reads of three databases are no common snapshot. But rows that are equal in two
 * successive reads all had these values at the time between the reads.
 */
export function fingerprint({ order, saga, payment, reservation }: OrderFacts): string {
  return JSON.stringify([
    order?.status,
    saga?.version,
    payment?.version,
    payment?.status,
    reservation?.version,
    reservation?.status,
  ])
}
