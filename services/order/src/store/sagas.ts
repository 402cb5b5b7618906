import type { Item } from '@order-saga/contracts'
import { statement, type Transaction } from '@order-saga/chassis'
import type { Compensation, SagaReason, SagaState, SagaStatus } from '../domain/saga.ts'

/** One line of a saga's history: an event it saw or published, and the status after it. */
export interface HistoryEntry {
  readonly at: string
  readonly event: string
  readonly eventId: string
  readonly direction: 'seen' | 'published'
  readonly status: SagaStatus
  /** Only on an event that changed nothing: why. */
  readonly ignored?: 'late' | 'violation'
}

/** A saga with what its events need of the order, locked until the end of the transaction. */
export interface SagaRecord {
  readonly sagaId: string
  readonly orderId: string
  readonly version: number
  readonly createdAt: Date
  readonly customerEmail: string
  readonly items: Item[]
  readonly amount: string
  readonly currency: string
  /** Where its trace began. */
  readonly traceparent: string | undefined
  state: SagaState
  refundDueAt: Date | null
  refundRequests: number
  finishedAt: Date | null
  /** What this transaction adds to the history. */
  readonly added: HistoryEntry[]
}

interface Row {
  saga_id: string
  order_id: string
  version: number
  created_at: Date
  status: SagaStatus
  reason: SagaReason | null
  compensation: Compensation
  refund_due_at: Date | null
  refund_requests: number
  finished_at: Date | null
  traceparent: string | null
  customer_email: string
  items: Item[]
  amount: string
  currency: string
}

const columns = `s.saga_id, s.order_id, s.version, s.created_at, s.status, s.reason, s.compensation, s.refund_due_at,
  s.refund_requests, s.finished_at, s.traceparent, o.customer_email, o.items, o.amount::text AS amount, o.currency`

// Locked in the order of the ids, so that two batches that share sagas wait and do not deadlock.
const lockById = statement(
  'sagas-lock',
  `SELECT ${columns} FROM saga_instances s JOIN orders o USING (order_id)
   WHERE s.saga_id = ANY($1::uuid[]) ORDER BY s.saga_id FOR UPDATE OF s`,
)
// What another checker is at work on is skipped: it needs no second one.
const lockTimedOut = statement(
  'sagas-lock-timed-out',
  `SELECT ${columns} FROM saga_instances s JOIN orders o USING (order_id)
   WHERE s.status IN ('pending', 'payment_completed') AND s.timeout_at <= $1
   ORDER BY s.timeout_at LIMIT $2 FOR UPDATE OF s SKIP LOCKED`,
)
const lockOverdue = statement(
  'sagas-lock-overdue',
  `SELECT ${columns} FROM saga_instances s JOIN orders o USING (order_id)
   WHERE s.refund_due_at <= $1 ORDER BY s.refund_due_at LIMIT $2 FOR UPDATE OF s SKIP LOCKED`,
)

// A version that is not the one read makes the new one null, which the column refuses: the transaction fails.
const update = statement(
  'sagas-update',
  `UPDATE saga_instances s SET status = u.status, reason = u.reason, compensation = u.compensation,
     refund_due_at = u.refund_due_at, refund_requests = u.refund_requests, finished_at = u.finished_at,
     version = CASE WHEN s.version = u.version THEN s.version + 1 END,
     history = s.history || u.added::jsonb, updated_at = $10
   FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::integer[],
     $8::timestamptz[], $9::text[])
     AS u (saga_id, version, status, reason, compensation, refund_due_at, refund_requests, finished_at, added)
   WHERE s.saga_id = u.saga_id`,
)
const updateOrders = statement(
  'orders-finish',
  `UPDATE orders o SET status = u.status, updated_at = $3
   FROM unnest($1::uuid[], $2::text[]) AS u (order_id, status) WHERE o.order_id = u.order_id`,
)

/** The sagas of one transaction by their id. */
export type SagaBook = ReadonlyMap<string, SagaRecord>

export async function lockSagas(tx: Transaction, sagaIds: readonly string[]): Promise<SagaBook> {
  const rows = await tx.query<Row>(lockById, [[...new Set(sagaIds)]])
  return new Map(rows.map((row) => [row.saga_id, recordOf(row)]))
}

/** Open sagas whose deadline has passed. */
export async function lockTimedOutSagas(tx: Transaction, now: Date, limit: number): Promise<SagaRecord[]> {
  return (await tx.query<Row>(lockTimedOut, [now, limit])).map(recordOf)
}

/** Sagas whose refund was asked for and has not come back in time. */
export async function lockOverdueSagas(tx: Transaction, now: Date, limit: number): Promise<SagaRecord[]> {
  return (await tx.query<Row>(lockOverdue, [now, limit])).map(recordOf)
}

/** Writes every saga that has met something, and the status of the orders that have come to their end. */
export function saveSagas(tx: Transaction, sagas: Iterable<SagaRecord>, now: Date): void {
  const met = [...sagas].filter((saga) => saga.added.length > 0)
  if (met.length === 0) return
  tx.write(update, [
    met.map((saga) => saga.sagaId),
    met.map((saga) => saga.version),
    met.map((saga) => saga.state.status),
    met.map((saga) => saga.state.reason),
    met.map((saga) => saga.state.compensation),
    met.map((saga) => saga.refundDueAt),
    met.map((saga) => saga.refundRequests),
    met.map((saga) => saga.finishedAt),
    met.map((saga) => JSON.stringify(saga.added)),
    now,
  ])
  const finished = met.filter((saga) => saga.finishedAt === now)
  if (finished.length === 0) return
  tx.write(updateOrders, [
    finished.map((saga) => saga.orderId),
    finished.map((saga) => (saga.state.status === 'completed' ? 'confirmed' : 'cancelled')),
    now,
  ])
}

function recordOf(row: Row): SagaRecord {
  return {
    sagaId: row.saga_id,
    orderId: row.order_id,
    version: row.version,
    createdAt: row.created_at,
    customerEmail: row.customer_email,
    items: row.items,
    amount: row.amount,
    currency: row.currency,
    traceparent: row.traceparent ?? undefined,
    state: { status: row.status, reason: row.reason, compensation: row.compensation },
    refundDueAt: row.refund_due_at,
    refundRequests: row.refund_requests,
    finishedAt: row.finished_at,
    added: [],
  }
}
