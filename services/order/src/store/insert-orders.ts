import { OrderCreated } from '@order-saga/contracts'
import { newEvent, type OutgoingEvent, statement, type Transaction } from '@order-saga/chassis'
import { decimalOf } from '../domain/money.ts'
import type { NewOrder } from '../domain/new-order.ts'
import { newSaga } from '../domain/saga.ts'
import type { Idempotency } from './idempotency-keys.ts'
import type { HistoryEntry } from './sagas.ts'

export interface OrderRequest {
  readonly order: NewOrder
  readonly idempotency: Idempotency | undefined
  readonly traceparent: string | undefined
}

/** A request with what it becomes if it is accepted. */
export interface OrderDraft {
  readonly request: OrderRequest
  readonly orderId: string
  readonly sagaId: string
  readonly created: OutgoingEvent
}

// One statement, so that an order exists exactly if its key, where it has one, became its own. A key that another process
// is just writing is not waited for: the request is turned away, and holds up none of those it shares a transaction with.
// The lock is given back after the commit is visible, and ON CONFLICT sees also what the snapshot is too old for.
const accept = statement(
  'orders-accept',
  `WITH asked AS MATERIALIZED (
     SELECT *, key IS NULL OR pg_try_advisory_xact_lock(hashtextextended(key, 0)) AS free
     FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[],
       $9::text[], $10::text[], $11::text[])
       AS r (order_id, saga_id, key, fingerprint, customer_id, customer_email, items, amount, currency, history,
         traceparent)
   ), claimed AS (
     INSERT INTO idempotency_keys (key, fingerprint, order_id, saga_id, created_at)
     SELECT key, fingerprint, order_id, saga_id, $12 FROM asked WHERE key IS NOT NULL AND free
     ON CONFLICT (key) DO NOTHING RETURNING order_id
   ), accepted AS (
     SELECT * FROM asked WHERE key IS NULL OR order_id IN (SELECT order_id FROM claimed)
   ), saved AS (
     INSERT INTO orders (order_id, saga_id, customer_id, customer_email, items, amount, currency, created_at, updated_at)
     SELECT order_id, saga_id, customer_id, customer_email, items::jsonb, amount::numeric, currency, $12, $12 FROM accepted
   ), started AS (
     INSERT INTO saga_instances (saga_id, order_id, timeout_at, history, traceparent, created_at, updated_at)
     SELECT saga_id, order_id, $13, history::jsonb, traceparent, $12, $12 FROM accepted
   )
   SELECT order_id, free FROM asked WHERE key IS NOT NULL AND order_id NOT IN (SELECT order_id FROM claimed)`,
)

/** Gives a request its ids and its event. */
export function draftOf(request: OrderRequest, now: Date, deadline: Date, newId: () => string): OrderDraft {
  const { order, traceparent } = request
  const { customerId, customerEmail, total } = order
  const orderId = newId()
  const sagaId = newId()
  const payload = {
    ...(customerId === undefined ? {} : { customerId }),
    customerEmail,
    items: [...order.items],
    amount: decimalOf(total),
    currency: total.currency,
    deadline: deadline.toISOString(),
  }
  const created = newEvent(OrderCreated, payload, { orderId, sagaId, traceparent }, { eventId: newId(), now })
  return { request, orderId, sagaId, created }
}

/** Why a key kept its request from becoming an order, by the order id the request would have had. */
export type Losers = ReadonlyMap<string, 'busy' | 'taken'>

/** Writes the orders with their sagas and keys; the events are the caller's. */
export async function insertOrders(
  tx: Transaction,
  drafts: readonly OrderDraft[],
  now: Date,
  deadline: Date,
): Promise<Losers> {
  const values = [
    drafts.map((draft) => draft.orderId),
    drafts.map((draft) => draft.sagaId),
    drafts.map((draft) => draft.request.idempotency?.key ?? null),
    drafts.map((draft) => draft.request.idempotency?.fingerprint ?? null),
    drafts.map((draft) => draft.request.order.customerId ?? null),
    drafts.map((draft) => draft.request.order.customerEmail),
    drafts.map((draft) => JSON.stringify(draft.request.order.items)),
    drafts.map((draft) => decimalOf(draft.request.order.total)),
    drafts.map((draft) => draft.request.order.total.currency),
    drafts.map((draft) => JSON.stringify(historyOf(draft.created))),
    drafts.map((draft) => draft.request.traceparent ?? null),
    now,
    deadline,
  ]
  if (keysOf(drafts).length === 0) {
    // Nothing to decide: it travels with the commit.
    tx.write(accept, values)
    return new Map()
  }
  const rows = await tx.query<{ order_id: string; free: boolean }>(accept, values)
  return new Map(rows.map(({ order_id, free }) => [order_id, free ? 'taken' : 'busy']))
}

function historyOf({ eventId, name, createdAt }: OutgoingEvent): HistoryEntry[] {
  return [{ at: createdAt.toISOString(), event: name, eventId, direction: 'published', status: newSaga.status }]
}

export function keysOf(drafts: readonly OrderDraft[]): string[] {
  return drafts.flatMap(({ request }) => request.idempotency?.key ?? [])
}
