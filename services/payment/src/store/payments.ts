import type { Item, PaymentFailure } from '@order-saga/contracts'
import { type Database, PoisonMessage, statement, type Transaction } from '@order-saga/chassis'
import { type PaymentState, type PaymentStatus, unknownPayment } from '../domain/payment.ts'

/** One order's payment, locked until the end of the transaction. */
export interface PaymentRecord {
  readonly orderId: string
  sagaId: string
  readonly paymentId: string
  state: PaymentState
  amount: string | null
  currency: string | null
  customerEmail: string | null
  items: Item[] | null
  deadline: Date | null
  chargeId: string | null
  refundId: string | null
  detail: string | null
  /** When the effect under way was first intended, last attempted, and when the sweeper looks at it next. */
  intendedAt: Date | null
  lastAttemptAt: Date | null
  attempts: number
  nextAttemptAt: Date | null
  /** Where in its trace the last cause was. */
  traceparent: string | undefined
  readonly version: number
  readonly createdAt: Date
  changed: boolean
}

interface Row {
  order_id: string
  saga_id: string
  payment_id: string
  status: Exclude<PaymentStatus, 'none'>
  amount: string | null
  currency: string | null
  customer_email: string | null
  items: Item[] | null
  deadline: Date | null
  charge_id: string | null
  refund_id: string | null
  reason: PaymentFailure | null
  detail: string | null
  cancel_seen: boolean
  refund_wanted: boolean
  intended_at: Date | null
  last_attempt_at: Date | null
  attempts: number
  next_attempt_at: Date | null
  traceparent: string | null
  version: number
  created_at: Date
}

const columns = `order_id, saga_id, payment_id, status, amount, currency, customer_email, items, deadline, charge_id,
  refund_id, reason, detail, cancel_seen, refund_wanted, intended_at, last_attempt_at, attempts, next_attempt_at,
  traceparent, version, created_at, updated_at`

// Locked in the order of the ids, so that two batches that share orders wait and do not deadlock.
const lock = statement(
  'payments-lock',
  `SELECT ${columns} FROM payment_transactions WHERE order_id = ANY($1::uuid[]) ORDER BY order_id FOR UPDATE`,
)
const insert = statement(
  'payments-insert',
  `INSERT INTO payment_transactions (${columns})
   SELECT ${columns} FROM json_populate_recordset(NULL::payment_transactions, $1::json)`,
)
// A version that is not the one read makes the new one null, which the column refuses: the transaction fails.
const update = statement(
  'payments-update',
  `UPDATE payment_transactions p SET status = u.status, amount = u.amount, currency = u.currency,
     customer_email = u.customer_email, items = u.items, deadline = u.deadline, charge_id = u.charge_id,
     refund_id = u.refund_id, reason = u.reason, detail = u.detail, cancel_seen = u.cancel_seen,
     refund_wanted = u.refund_wanted, intended_at = u.intended_at, last_attempt_at = u.last_attempt_at,
     attempts = u.attempts, next_attempt_at = u.next_attempt_at, traceparent = u.traceparent,
     updated_at = u.updated_at, saga_id = u.saga_id,
     version = CASE WHEN p.version = u.version THEN p.version + 1 END
   FROM json_populate_recordset(NULL::payment_transactions, $1::json) u WHERE p.order_id = u.order_id`,
)
// Taking a row moves its next look, so that no other pod takes it meanwhile.
const claimDue = statement(
  'payments-claim-due',
  `UPDATE payment_transactions SET next_attempt_at = $2::timestamptz WHERE order_id IN (
     SELECT order_id FROM payment_transactions WHERE next_attempt_at <= $1
     ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED)
   RETURNING ${columns}`,
)

/** The payments of one transaction; asking for an unknown order's makes a new one. */
export class PaymentBook {
  readonly #records: Map<string, PaymentRecord>
  readonly #newId: () => string
  readonly #now: Date

  constructor(records: readonly PaymentRecord[], newId: () => string, now: Date) {
    this.#records = new Map(records.map((record) => [record.orderId, record]))
    this.#newId = newId
    this.#now = now
  }

  /** @throws PoisonMessage when the order is known, and as another saga's */
  of(orderId: string, sagaId: string): PaymentRecord {
    const known = this.#records.get(orderId)
    if (known !== undefined) {
      if (known.sagaId !== sagaId) throw new PoisonMessage(`order ${orderId} is not the order of saga ${sagaId}`)
      return known
    }
    const record: PaymentRecord = {
      orderId,
      sagaId,
      paymentId: this.#newId(),
      state: unknownPayment,
      amount: null,
      currency: null,
      customerEmail: null,
      items: null,
      deadline: null,
      chargeId: null,
      refundId: null,
      detail: null,
      intendedAt: null,
      lastAttemptAt: null,
      attempts: 0,
      nextAttemptAt: null,
      traceparent: undefined,
      version: 0,
      createdAt: this.#now,
      changed: false,
    }
    this.#records.set(orderId, record)
    return record
  }

  changed(): PaymentRecord[] {
    return [...this.#records.values()].filter((record) => record.changed)
  }
}

export async function lockPayments(
  tx: Transaction,
  orderIds: readonly string[],
  newId: () => string,
  now: Date,
): Promise<PaymentBook> {
  const rows = await tx.query<Row>(lock, [[...new Set(orderIds)]])
  return new PaymentBook(rows.map(recordOf), newId, now)
}

export function savePayments(tx: Transaction, payments: PaymentBook, now: Date): void {
  const changed = payments.changed()
  const known = changed.filter((record) => record.version > 0)
  const added = changed.filter((record) => record.version === 0)
  if (known.length > 0) tx.write(update, [JSON.stringify(known.map((record) => rowOf(record, record.version, now)))])
  if (added.length > 0) tx.write(insert, [JSON.stringify(added.map((record) => rowOf(record, 1, now)))])
}

/** Takes intents whose outcome should have been known by now; nobody else takes them before `until`. */
export async function claimDuePayments(
  database: Database,
  now: Date,
  until: Date,
  limit: number,
): Promise<PaymentRecord[]> {
  return (await database.query<Row>(claimDue, [now, until, limit])).map(recordOf)
}

/** The row that is written for a record; `recordOf` reads it back. */
export function rowOf(record: PaymentRecord, version: number, now: Date): Record<string, unknown> {
  const { state } = record
  return {
    order_id: record.orderId,
    saga_id: record.sagaId,
    payment_id: record.paymentId,
    status: state.status,
    amount: record.amount,
    currency: record.currency,
    customer_email: record.customerEmail,
    items: record.items,
    deadline: record.deadline,
    charge_id: record.chargeId,
    refund_id: record.refundId,
    reason: state.reason,
    detail: record.detail,
    cancel_seen: state.cancelSeen,
    refund_wanted: state.refundWanted,
    intended_at: record.intendedAt,
    last_attempt_at: record.lastAttemptAt,
    attempts: record.attempts,
    next_attempt_at: record.nextAttemptAt,
    traceparent: record.traceparent,
    version,
    created_at: record.createdAt,
    updated_at: now,
  }
}

export function recordOf(row: Row): PaymentRecord {
  return {
    orderId: row.order_id,
    sagaId: row.saga_id,
    paymentId: row.payment_id,
    state: {
      status: row.status,
      reason: row.reason,
      // Only a tombstone left before order.created has no amount.
      orderSeen: row.amount !== null,
      cancelSeen: row.cancel_seen,
      refundWanted: row.refund_wanted,
    },
    amount: row.amount,
    currency: row.currency,
    customerEmail: row.customer_email,
    items: row.items,
    deadline: row.deadline,
    chargeId: row.charge_id,
    refundId: row.refund_id,
    detail: row.detail,
    intendedAt: row.intended_at,
    lastAttemptAt: row.last_attempt_at,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    traceparent: row.traceparent ?? undefined,
    version: row.version,
    createdAt: row.created_at,
    changed: false,
  }
}
