import type { Item } from '@order-saga/contracts'
import {
  allOrNone,
  type Database,
  PoisonMessage,
  RowCache,
  statement,
  type Transaction,
  UnverifiedState,
} from '@order-saga/chassis'
import { type PaymentState, unknownPayment } from '../domain/payment.ts'

/** The order as order.created describes it. */
export interface OrderDetails {
  readonly amount: string
  readonly currency: string
  readonly customerEmail: string
  readonly items: Item[]
  readonly deadline: Date
}

/** One order's payment. */
export interface PaymentRecord {
  readonly orderId: string
  readonly sagaId: string
  readonly paymentId: string
  state: PaymentState
  /** Null until order.created is seen. */
  order: OrderDetails | null
  chargeId: string | null
  refundId: string | null
  detail: string | null
  /** When the effect in flight was first intended and last attempted, and when the sweeper takes it next. */
  intendedAt: Date | null
  lastAttemptAt: Date | null
  attempts: number
  nextAttemptAt: Date | null
  /** Trace context of the last cause. */
  traceparent: string | undefined
  readonly createdAt: Date
  version: number
  /** Of the last write, to the millisecond. */
  updatedAt: Date
  readonly isNew: boolean
  changed: boolean
}

/** A record as the statements name its fields: state and order are flat. */
type Row = Omit<PaymentRecord, 'state' | 'order' | 'traceparent' | 'isNew' | 'changed'> &
  Omit<PaymentState, 'orderSeen'> & { [K in keyof OrderDetails]: OrderDetails[K] | null } & {
    traceparent: string | null
  }

const fields = `order_id AS "orderId", saga_id AS "sagaId", payment_id AS "paymentId", status, amount, currency,
  customer_email AS "customerEmail", items, deadline, charge_id AS "chargeId", refund_id AS "refundId", reason, detail,
  cancel_seen AS "cancelSeen", refund_wanted AS "refundWanted", intended_at AS "intendedAt",
  last_attempt_at AS "lastAttemptAt", attempts, next_attempt_at AS "nextAttemptAt", traceparent,
  created_at AS "createdAt", version, updated_at AS "updatedAt"`
const rows = `json_to_recordset($1::json) AS u ("orderId" uuid, "sagaId" uuid, "paymentId" uuid, status text,
  amount numeric, currency text, "customerEmail" text, items jsonb, deadline timestamptz, "chargeId" text,
  "refundId" text, reason text, detail text, "cancelSeen" boolean, "refundWanted" boolean, "intendedAt" timestamptz,
  "lastAttemptAt" timestamptz, attempts integer, "nextAttemptAt" timestamptz, traceparent text,
  "createdAt" timestamptz, version integer, "updatedAt" timestamptz)`

// Locked in the order of the ids, so that two batches that share orders wait and do not deadlock.
const lock = statement(
  'payments-lock',
  `SELECT ${fields} FROM payment_transactions WHERE order_id = ANY($1::uuid[]) ORDER BY order_id FOR UPDATE`,
)
// The primary key refuses a second payment for an order that two transactions see first.
const insert = statement(
  'payments-insert',
  `INSERT INTO payment_transactions (order_id, saga_id, payment_id, status, amount, currency, customer_email, items,
     deadline, charge_id, refund_id, reason, detail, cancel_seen, refund_wanted, intended_at, last_attempt_at, attempts,
     next_attempt_at, traceparent, created_at, version, updated_at)
   SELECT u.* FROM ${rows}`,
)
// Version and time verify the payments that were not read. The version alone may be reached twice if a failover loses
// commits.
const update = statement(
  'payments-update',
  allOrNone(
    `UPDATE payment_transactions p SET status = u.status, amount = u.amount, currency = u.currency,
     customer_email = u."customerEmail", items = u.items, deadline = u.deadline, charge_id = u."chargeId",
     refund_id = u."refundId", reason = u.reason, detail = u.detail, cancel_seen = u."cancelSeen",
     refund_wanted = u."refundWanted", intended_at = u."intendedAt", last_attempt_at = u."lastAttemptAt",
     attempts = u.attempts, next_attempt_at = u."nextAttemptAt", traceparent = u.traceparent, updated_at = $2,
     version = p.version + 1
   FROM ${rows} WHERE p.order_id = u."orderId"
     AND p.version = u.version AND date_trunc('milliseconds', p.updated_at) = u."updatedAt"`,
    'json_array_length($1::json)',
  ),
)
// Taking a row postpones its next attempt, so that no other pod takes it meanwhile.
const claimDue = statement(
  'payments-claim-due',
  `UPDATE payment_transactions SET next_attempt_at = $2::timestamptz, version = version + 1
   WHERE order_id IN (
     SELECT order_id FROM payment_transactions WHERE next_attempt_at <= $1
     ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED)
   RETURNING ${fields}`,
)

/** The payments of one transaction: locked until the commit, or cached. */
export class LockedPayments {
  readonly #records: Map<string, PaymentRecord>
  readonly #newId: () => string
  readonly #now: Date
  readonly #isCached: boolean

  constructor(records: readonly PaymentRecord[], newId: () => string, now: Date, isCached = false) {
    this.#isCached = isCached
    this.#records = new Map(records.map((record) => [record.orderId, record]))
    this.#newId = newId
    this.#now = now
  }

  /**
   * The order's payment; a new one when there is none yet.
   * @throws PoisonMessage when the order belongs to another saga
   */
  of(orderId: string, sagaId: string): PaymentRecord {
    const record = this.#records.get(orderId) ?? this.#add(orderId, sagaId)
    if (record.sagaId !== sagaId) throw new PoisonMessage(`order ${orderId} is not the order of saga ${sagaId}`)
    return record
  }

  /** @throws UnverifiedState for a decision on cached payments that changes nothing: no write would verify it */
  changed(): PaymentRecord[] {
    const changed = [...this.#records.values()].filter((record) => record.changed)
    if (this.#isCached && changed.length < this.#records.size) throw new UnverifiedState('a payment is unchanged')
    return changed
  }

  #add(orderId: string, sagaId: string): PaymentRecord {
    const record: PaymentRecord = {
      orderId,
      sagaId,
      paymentId: this.#newId(),
      state: unknownPayment,
      order: null,
      chargeId: null,
      refundId: null,
      detail: null,
      intendedAt: null,
      lastAttemptAt: null,
      attempts: 0,
      nextAttemptAt: null,
      traceparent: undefined,
      createdAt: this.#now,
      version: 1,
      updatedAt: this.#now,
      isNew: true,
      changed: false,
    }
    this.#records.set(orderId, record)
    return record
  }
}

export async function lockPayments(
  tx: Transaction,
  orderIds: readonly string[],
  newId: () => string,
  now: Date,
): Promise<LockedPayments> {
  const found = await tx.query<Row>(lock, [[...new Set(orderIds)]])
  return new LockedPayments(found.map(recordOf), newId, now)
}

/** The payments with an effect in flight that this process wrote last. */
export class PaymentCache {
  readonly #rows = new RowCache<PaymentRecord>()

  /**
   * @param isNew whether an order is unknown if it is not cached; the insertion verifies it
   * @returns undefined unless all payments are cached
   */
  take(
    orderIds: readonly string[],
    { isNew, newId, now }: { isNew: (orderId: string) => boolean; newId: () => string; now: Date },
  ): LockedPayments | undefined {
    const payments = [...this.#rows.take(orderIds)]
    if (payments.some(([orderId, payment]) => payment === undefined && !isNew(orderId))) return undefined
    const cached = payments.flatMap(([, payment]) => payment ?? [])
    return new LockedPayments(cached, newId, now, true)
  }

  /** Call after the commit. */
  put(payments: LockedPayments): void {
    for (const payment of payments.changed()) {
      if (payment.nextAttemptAt === null) continue
      this.#rows.put(payment.orderId, { ...payment, isNew: false, changed: false }, payment.order?.items)
    }
  }
}

export function savePayments(tx: Transaction, payments: LockedPayments, now: Date): void {
  const changed = payments.changed().toSorted((a, b) => (a.orderId < b.orderId ? -1 : 1))
  const [added, known] = [changed.filter(({ isNew }) => isNew), changed.filter(({ isNew }) => !isNew)]
  if (known.length > 0) tx.write(update, [rowsOf(known), now])
  for (const payment of changed) payment.updatedAt = now
  if (added.length > 0) tx.write(insert, [rowsOf(added)])
  for (const payment of known) payment.version += 1
}

function rowsOf(payments: readonly PaymentRecord[]): string {
  return JSON.stringify(payments.map(({ state, order, ...row }) => ({ ...row, ...state, ...order })))
}

/** Takes intents whose result is overdue; no other process takes them before `until`. */
export async function claimDuePayments(
  database: Database,
  now: Date,
  until: Date,
  limit: number,
): Promise<PaymentRecord[]> {
  return (await database.query<Row>(claimDue, [now, until, limit])).map(recordOf)
}

function recordOf(row: Row): PaymentRecord {
  const { status, reason, cancelSeen, refundWanted, amount, currency, customerEmail, items, deadline, ...rest } = row
  // The five come together; a tombstone left by a cancellation that came first has none of them.
  const order = amount === null ? null : ({ amount, currency, customerEmail, items, deadline } as OrderDetails)
  const state = { status, reason, orderSeen: order !== null, cancelSeen, refundWanted }
  return { ...rest, state, order, traceparent: row.traceparent ?? undefined, isNew: false, changed: false }
}
