import { decimalOf, OrderCreated } from '@order-saga/contracts'
import { awaitReplication, type RetentionRule, statement, type Transaction } from '@order-saga/chassis'
import type { NewOrder } from '../new-order.ts'
import { newSaga } from '../domain/saga.ts'
import type { HistoryEntry } from './sagas.ts'

/** A client's key for a request, and the SHA-256 of the content of the request. */
export interface Idempotency {
  readonly key: string
  readonly fingerprint: Buffer
}

export interface OrderRequest {
  readonly order: NewOrder
  readonly idempotency?: Idempotency | undefined
  readonly traceparent?: string | undefined
}

/** A request with the ids of what it becomes if it is accepted. */
export interface OrderDraft {
  readonly request: OrderRequest
  readonly orderId: string
  readonly sagaId: string
  /** Of order.created. */
  readonly eventId: string
}

/** The order that a key belongs to. */
export interface KeyOwner {
  readonly fingerprint: Buffer
  readonly orderId: string
  readonly sagaId: string
}

/**
 * The drafts whose key belongs to another request, by their order id, with the order of that request; undefined while its
 * transaction has not committed.
 */
export type KeyConflicts = ReadonlyMap<string, KeyOwner | undefined>

// One statement, so that an order is inserted exactly if its key, where it has one, is inserted. It does not wait for a key
// that another process is inserting: the advisory lock is not available, and the other drafts of the transaction go on. The
// lock is released after the commit is visible, and ON CONFLICT also sees rows that are newer than the snapshot (PostgreSQL
// manual, 13.2.1 Read Committed Isolation Level).
const insert = statement(
  'orders-accept',
  `WITH requested AS MATERIALIZED (
     SELECT *, key IS NULL OR pg_try_advisory_xact_lock(hashtextextended(key, 0)) AS is_locked
     FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[],
       $9::text[], $10::text[], $11::text[])
       AS r (order_id, saga_id, key, fingerprint, customer_id, customer_email, items, amount, currency, history,
         traceparent)
   ), claimed AS (
     INSERT INTO idempotency_keys (key, fingerprint, order_id, saga_id, created_at)
     SELECT key, fingerprint, order_id, saga_id, $12 FROM requested WHERE key IS NOT NULL AND is_locked
     ON CONFLICT (key) DO NOTHING RETURNING order_id
   ), accepted AS (
     SELECT * FROM requested WHERE key IS NULL OR order_id IN (SELECT order_id FROM claimed)
   ), inserted_orders AS (
     INSERT INTO orders (order_id, saga_id, customer_id, customer_email, items, amount, currency, created_at, updated_at)
     SELECT order_id, saga_id, customer_id, customer_email, items::jsonb, amount::numeric, currency, $12, $12 FROM accepted
   ), inserted_sagas AS (
     INSERT INTO saga_instances (saga_id, order_id, timeout_at, history, traceparent, created_at, updated_at)
     SELECT saga_id, order_id, $13, history::jsonb, traceparent, $12, $12 FROM accepted
   )
   SELECT order_id AS "orderId", key FROM requested
   WHERE key IS NOT NULL AND order_id NOT IN (SELECT order_id FROM claimed)`,
)
const findOwners = statement(
  'idempotency-find',
  `SELECT key, fingerprint, order_id AS "orderId", saga_id AS "sagaId" FROM idempotency_keys WHERE key = ANY($1::text[])`,
)

/** A key is kept for a day; afterwards it makes a new order. */
export const idempotencyRetention: RetentionRule = {
  keepMs: 86_400_000,
  statement: statement(
    'retention-idempotency',
    `DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM idempotency_keys WHERE created_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
     RETURNING 1 AS gone`,
  ),
}

/** Inserts the orders with their sagas and keys. The caller appends the event order.created of each, under the draft's id. */
export async function insertOrders(
  tx: Transaction,
  drafts: readonly OrderDraft[],
  { now, deadline }: { readonly now: Date; readonly deadline: Date },
): Promise<KeyConflicts> {
  const requests = drafts.map(({ request }) => request)
  const values = [
    drafts.map(({ orderId }) => orderId),
    drafts.map(({ sagaId }) => sagaId),
    requests.map(({ idempotency }) => idempotency?.key ?? null),
    requests.map(({ idempotency }) => idempotency?.fingerprint ?? null),
    requests.map(({ order }) => order.customerId ?? null),
    requests.map(({ order }) => order.customerEmail),
    requests.map(({ order }) => JSON.stringify(order.items)),
    requests.map(({ order }) => decimalOf(order.total)),
    requests.map(({ order }) => order.total.currency),
    drafts.map(({ eventId }) => JSON.stringify(historyOf(eventId, now))),
    requests.map(({ traceparent }) => traceparent ?? null),
    now,
    deadline,
  ]
  if (requests.every(({ idempotency }) => idempotency === undefined)) {
    // No conflict is possible: the statement is sent together with the COMMIT.
    tx.write(insert, values)
    return new Map()
  }
  const conflicts = await tx.query<{ orderId: string; key: string }>(insert, values)
  if (conflicts.length === 0) return new Map()
  const owners = await tx.query<KeyOwner & { key: string }>(findOwners, [conflicts.map(({ key }) => key)])
  // The answer repeats what an earlier transaction has written, and this one writes nothing.
  if (owners.length > 0 && conflicts.length === drafts.length) awaitReplication(tx)
  const ownerOf = new Map(owners.map((owner) => [owner.key, owner]))
  return new Map(conflicts.map(({ orderId, key }) => [orderId, ownerOf.get(key)]))
}

function historyOf(eventId: string, now: Date): HistoryEntry[] {
  return [{ at: now.toISOString(), event: OrderCreated.name, eventId, direction: 'published', status: newSaga.status }]
}
