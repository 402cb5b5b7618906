import type { Item } from '@order-saga/contracts'
import { allOrNone, RowCache, statement, type Transaction } from '@order-saga/chassis'
import { newSaga, type SagaState, type SagaStatus } from '../domain/saga.ts'

/** One line of a saga's history: an event it saw or published, and the status after it. */
export interface HistoryEntry {
  readonly at: string
  readonly event: string
  readonly eventId: string
  readonly direction: 'seen' | 'published'
  readonly status: SagaStatus
  /** late: without effect. violation: it violates the protocol or does not match the order, and proves nothing. */
  readonly ignored?: 'late' | 'violation'
}

/** A saga and the order's data that its events carry: locked until the end of the transaction, or cached. */
export interface SagaRecord {
  version: number
  /** Of the last write, to the millisecond. */
  updatedAt: Date
  readonly sagaId: string
  readonly orderId: string
  readonly createdAt: Date
  readonly customerEmail: string
  readonly items: Item[]
  readonly amount: string
  readonly currency: string
  /** Of the request that created the order. */
  readonly traceparent: string | null
  state: SagaState
  refundDueAt: Date | null
  refundRequests: number
  finishedAt: Date | null
  /** Whether it reached a final status in this transaction. */
  isNewlyFinished: boolean
  /** The history entries of this transaction. */
  readonly added: HistoryEntry[]
}

type Row = SagaState & Omit<SagaRecord, 'state' | 'isNewlyFinished' | 'added'>

const columns = `s.version, s.updated_at AS "updatedAt", s.saga_id AS "sagaId", s.order_id AS "orderId", s.created_at AS "createdAt", s.status, s.reason,
  s.compensation, s.reservation_seen AS "reservationSeen", s.mismatch, s.refund_due_at AS "refundDueAt", s.refund_requests AS "refundRequests", s.finished_at AS "finishedAt",
  s.traceparent, o.customer_email AS "customerEmail", o.items, o.amount::text AS amount, o.currency`

// Locked in the order of the ids, so that two batches with the same sagas wait for each other and do not deadlock.
const lockById = statement(
  'sagas-lock',
  `SELECT ${columns} FROM saga_instances s JOIN orders o USING (order_id)
   WHERE s.saga_id = ANY($1::uuid[]) ORDER BY s.saga_id FOR UPDATE OF s`,
)
// Skips the sagas that another deadline check has locked.
const lockTimedOut = statement(
  'sagas-lock-timed-out',
  `SELECT ${columns} FROM saga_instances s JOIN orders o USING (order_id)
   WHERE s.status IN ('pending', 'payment_completed') AND s.timeout_at <= $1
   ORDER BY s.timeout_at LIMIT $2 FOR UPDATE OF s SKIP LOCKED`,
)
// An older release that handles a payment does not know of the reservation that overtook it.
const lockProven = statement(
  'sagas-lock-proven',
  `SELECT ${columns} FROM saga_instances s JOIN orders o USING (order_id)
   WHERE s.status = 'payment_completed' AND s.reservation_seen
   ORDER BY s.saga_id LIMIT $1 FOR UPDATE OF s SKIP LOCKED`,
)
const lockOverdue = statement(
  'sagas-lock-overdue',
  `SELECT ${columns} FROM saga_instances s JOIN orders o USING (order_id)
   WHERE s.refund_due_at <= $1 ORDER BY s.refund_due_at LIMIT $2 FOR UPDATE OF s SKIP LOCKED`,
)

// Version and time verify the sagas that were not read. The version alone may be reached twice if a failover loses commits.
const update = statement(
  'sagas-update',
  allOrNone(
    `UPDATE saga_instances s SET status = u.status, reason = u.reason, compensation = u.compensation,
     refund_due_at = u.refund_due_at, refund_requests = u.refund_requests, finished_at = u.finished_at,
     reservation_seen = u.reservation_seen, mismatch = u.mismatch, version = s.version + 1,
     history = s.history || u.added::jsonb, updated_at = $11
   FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::integer[], $7::timestamptz[],
     $8::boolean[], $9::boolean[], $10::text[], $12::integer[], $13::timestamptz[]) AS u (saga_id, status, reason,
     compensation, refund_due_at, refund_requests, finished_at, reservation_seen, mismatch, added, version, updated_at)
   WHERE s.saga_id = u.saga_id AND s.version = u.version AND date_trunc('milliseconds', s.updated_at) = u.updated_at`,
    'cardinality($1)',
  ),
)
// An order is written only in a transaction that has locked its saga, or updates it with this version.
const updateOrders = statement(
  'orders-finish',
  `UPDATE orders o SET status = u.status, updated_at = $3
   FROM unnest($1::uuid[], $2::text[]) AS u (order_id, status) WHERE o.order_id = u.order_id`,
)

// An index on the sagas themselves would block their writers while a migration creates it.
const recordViolations = statement(
  'saga-violations',
  `INSERT INTO saga_violations AS v (saga_id, violations, first_at, last_at)
   SELECT u.saga_id, u.violations, $3, $3 FROM unnest($1::uuid[], $2::integer[]) AS u (saga_id, violations)
   ON CONFLICT (saga_id) DO UPDATE SET violations = v.violations + excluded.violations, last_at = excluded.last_at`,
)

/** The sagas that a transaction has locked, by their id. */
export type LockedSagas = ReadonlyMap<string, SagaRecord>

export async function lockSagas(tx: Transaction, sagaIds: readonly string[]): Promise<LockedSagas> {
  const rows = await tx.query<Row>(lockById, [[...new Set(sagaIds)]])
  return new Map(rows.map((row) => [row.sagaId, recordOf(row)]))
}

/** Open sagas whose deadline has passed. */
export async function lockTimedOutSagas(tx: Transaction, now: Date, limit: number): Promise<SagaRecord[]> {
  return (await tx.query<Row>(lockTimedOut, [now, limit])).map(recordOf)
}

/** Open sagas that hold both proofs, before or after their deadline. */
export async function lockProvenSagas(tx: Transaction, _now: Date, limit: number): Promise<SagaRecord[]> {
  return (await tx.query<Row>(lockProven, [limit])).map(recordOf)
}

/** Sagas whose refund was requested and is overdue. */
export async function lockOverdueSagas(tx: Transaction, now: Date, limit: number): Promise<SagaRecord[]> {
  return (await tx.query<Row>(lockOverdue, [now, limit])).map(recordOf)
}

/** The open sagas that this process wrote last. */
export class SagaCache {
  readonly #rows = new RowCache<SagaRecord>()

  /** The sagas of a reaction; undefined unless all are cached. */
  take(sagaIds: readonly string[]): LockedSagas | undefined {
    return this.#rows.takeAll(sagaIds.toSorted())
  }

  /** Call after the commit. */
  put(sagas: Iterable<SagaRecord>): void {
    for (const saga of sagas) {
      if (saga.added.length === 0 || saga.finishedAt !== null) continue
      this.#rows.put(saga.sagaId, { ...saga, added: [] }, saga.items)
    }
  }

  /** Call after the commit of new sagas. */
  putNew(saga: Omit<SagaRecord, keyof typeof newRecord | 'updatedAt'>): void {
    const record = { ...saga, ...newRecord, updatedAt: saga.createdAt, added: [] }
    this.#rows.put(saga.sagaId, record, saga.items)
  }
}

/** As a saga is inserted. */
const newRecord = {
  version: 1,
  state: newSaga,
  refundDueAt: null,
  refundRequests: 0,
  finishedAt: null,
  isNewlyFinished: false,
  added: [],
}

/** Writes the sagas with new history entries, their violations, and the status of the orders whose saga is newly finished. */
export function saveSagas(tx: Transaction, sagas: Iterable<SagaRecord>, now: Date): void {
  const changed = [...sagas].filter(({ added }) => added.length > 0)
  if (changed.length === 0) return
  tx.write(update, [
    changed.map(({ sagaId }) => sagaId),
    changed.map(({ state }) => state.status),
    changed.map(({ state }) => state.reason),
    changed.map(({ state }) => state.compensation),
    changed.map(({ refundDueAt }) => refundDueAt),
    changed.map(({ refundRequests }) => refundRequests),
    changed.map(({ finishedAt }) => finishedAt),
    changed.map(({ state }) => state.reservationSeen),
    changed.map(({ state }) => state.mismatch),
    changed.map(({ added }) => JSON.stringify(added)),
    now,
    changed.map(({ version }) => version),
    changed.map(({ updatedAt }) => updatedAt),
  ])
  for (const saga of changed) {
    saga.version += 1
    saga.updatedAt = now
  }
  const violated = changed.filter((saga) => violationsOf(saga).length > 0)
  if (violated.length > 0) {
    tx.write(recordViolations, [
      violated.map(({ sagaId }) => sagaId),
      violated.map((saga) => violationsOf(saga).length),
      now,
    ])
  }
  const finished = changed.filter(({ isNewlyFinished }) => isNewlyFinished)
  if (finished.length === 0) return
  tx.write(updateOrders, [
    finished.map(({ orderId }) => orderId),
    finished.map(({ state }) => (state.status === 'completed' ? 'confirmed' : 'cancelled')),
    now,
  ])
}

/** The events of this transaction that violate the protocol. */
export function violationsOf({ added }: SagaRecord): HistoryEntry[] {
  return added.filter(({ ignored }) => ignored === 'violation')
}

// Every field by name: a copy by spread costs 4 µs of CPU per saga, measured on 2 vCPU.
function recordOf(row: Row): SagaRecord {
  return {
    version: row.version,
    updatedAt: row.updatedAt,
    sagaId: row.sagaId,
    orderId: row.orderId,
    createdAt: row.createdAt,
    customerEmail: row.customerEmail,
    items: row.items,
    amount: row.amount,
    currency: row.currency,
    traceparent: row.traceparent,
    state: {
      status: row.status,
      reason: row.reason,
      compensation: row.compensation,
      reservationSeen: row.reservationSeen,
      mismatch: row.mismatch,
    },
    refundDueAt: row.refundDueAt,
    refundRequests: row.refundRequests,
    finishedAt: row.finishedAt,
    isNewlyFinished: false,
    added: [],
  }
}
