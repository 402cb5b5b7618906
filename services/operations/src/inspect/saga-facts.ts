import { DependencyUnavailable, type Statement, statement } from '@order-saga/chassis'
import type { Item } from '@order-saga/contracts'
import type { HistoryEntry } from '@order-saga/order'
import { type RecordedAct, readActs } from './operator-acts.ts'
import type { StoreReader } from './store.ts'
import { type SagaLine, sagaColumns, sagaTables } from './sagas.ts'
import { type StoreName, storeNames } from './stores.ts'

export interface RecordedSaga extends SagaLine {
  readonly orderStatus: string
  readonly items: readonly Item[]
  readonly refundRequests: number
  readonly history: readonly HistoryEntry[]
}

export interface RecordedPayment {
  readonly status: string
  readonly reason: string | null
  readonly amount: string | null
  readonly currency: string | null
  readonly chargeId: string | null
  readonly refundId: string | null
  readonly attempts: number
  readonly lastAttemptAt: Date | null
  readonly nextAttemptAt: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface RecordedReservation {
  readonly status: string
  readonly reason: string | null
  readonly items: readonly Item[]
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** An event of the saga in an outbox; published ones are removed after their retention. */
export interface OutboxRow {
  readonly eventId: string
  readonly event: string
  readonly attempts: number
  readonly createdAt: Date
  readonly publishedAt: Date | null
  readonly unroutableSince: Date | null
  readonly parkedAt: Date | null
  readonly parkReason: string | null
}

export interface InboxRow {
  readonly eventId: string
  readonly processedAt: Date
}

/** The rows of one saga in all databases. Undefined: could not be read; null: the service has no record of the order. */
export interface SagaFacts {
  readonly saga: RecordedSaga
  readonly payment: RecordedPayment | null | undefined
  readonly reservation: RecordedReservation | null | undefined
  readonly outboxes: Readonly<Record<StoreName, readonly OutboxRow[] | undefined>>
  readonly inboxes: Readonly<Record<StoreName, readonly InboxRow[] | undefined>>
  readonly acts: readonly RecordedAct[]
}

const sagaById = statement(
  'saga-by-either',
  `SELECT ${sagaColumns}, o.status AS "orderStatus", items, refund_requests AS "refundRequests", history
  FROM ${sagaTables} WHERE s.saga_id = $1 OR s.order_id = $1`,
)
const sagasById = statement(
  'sagas-by-ids',
  `SELECT ${sagaColumns}, o.status AS "orderStatus", items, refund_requests AS "refundRequests", history
  FROM ${sagaTables} WHERE s.saga_id = ANY($1::uuid[])`,
)
const payment = statement(
  'payment-of',
  `SELECT order_id AS "orderId", status, reason, amount::text, currency, charge_id AS "chargeId", refund_id AS "refundId", attempts,
    last_attempt_at AS "lastAttemptAt", next_attempt_at AS "nextAttemptAt", created_at AS "createdAt",
    updated_at AS "updatedAt"
  FROM payment_transactions WHERE order_id = ANY($1::uuid[])`,
)
const reservation = statement(
  'reservation-of',
  `SELECT order_id AS "orderId", status, reason, items, created_at AS "createdAt", updated_at AS "updatedAt"
  FROM inventory_reservations WHERE order_id = ANY($1::uuid[])`,
)
const outbox = statement(
  'outbox-of',
  `SELECT saga_id AS "sagaId", event_id AS "eventId", routing_key AS event, attempts, unroutable_since AS "unroutableSince", created_at AS "createdAt",
    published_at AS "publishedAt", CASE WHEN published_at IS NULL THEN parked_at END AS "parkedAt", park_reason AS "parkReason"
  FROM events WHERE saga_id = ANY($1::uuid[]) ORDER BY created_at, event_id LIMIT $2`,
)
const inbox = statement(
  'inbox-of',
  `SELECT event_id AS "eventId", processed_at AS "processedAt" FROM processed_events
  WHERE event_id = ANY($1::uuid[])`,
)

const actsShown = 100
/** More than any saga has; a repeated refund request is one event. */
const eventsOfSaga = 200

type Keyed<T> = T & { readonly sagaId: string }
type OfOrder<T> = T & { readonly orderId: string }

/** @param id of the saga or its order. @returns undefined if it does not exist */
export async function readSaga(orders: StoreReader, id: string): Promise<RecordedSaga | undefined> {
  const [saga] = await orders.query<RecordedSaga>(sagaById, [id])
  return saga
}

/**
 * Reads the rows of the saga in all databases. With `partial`, rows of an unavailable database of payment or inventory are
 * left out; otherwise it fails.
 */
export async function readSagaFacts(
  databases: Readonly<Record<StoreName, StoreReader>>,
  saga: RecordedSaga,
  { partial }: { readonly partial: boolean },
): Promise<SagaFacts> {
  const [[facts], acts] = await Promise.all([
    factsOf(databases, [saga], partial),
    readActs(databases.order, { about: saga.sagaId, limit: actsShown }),
  ])
  return { ...(facts as Omit<SagaFacts, 'acts'>), acts }
}

/** As `readSagaFacts` with `partial`, for many sagas and without the acts: the number of statements does not grow with them. */
export async function readFactsOfSagas(
  databases: Readonly<Record<StoreName, StoreReader>>,
  sagaIds: readonly string[],
): Promise<SagaFacts[]> {
  if (sagaIds.length === 0) return []
  const sagas = await databases.order.query<RecordedSaga>(sagasById, [sagaIds])
  return (await factsOf(databases, sagas, true)).map((facts) => ({ ...facts, acts: [] }))
}

async function factsOf(
  databases: Readonly<Record<StoreName, StoreReader>>,
  sagas: readonly RecordedSaga[],
  partial: boolean,
): Promise<Omit<SagaFacts, 'acts'>[]> {
  const optional = async <R>(rows: Promise<R[]>): Promise<R[] | undefined> =>
    await rows.catch((error: unknown) => {
      if (partial && error instanceof DependencyUnavailable) return undefined
      throw error
    })
  const ofStores = async <R extends object>(
    sql: Statement,
    values: readonly unknown[],
  ): Promise<Record<StoreName, R[] | undefined>> => {
    const rows = storeNames.map(async (store) => [store, await optional(databases[store].query<R>(sql, values))])
    return Object.fromEntries(await Promise.all(rows)) as Record<StoreName, R[] | undefined>
  }
  const [sagaIds, orderIds] = [sagas.map(({ sagaId }) => sagaId), sagas.map(({ orderId }) => orderId)]
  const [events, payments, reservations] = await Promise.all([
    ofStores<Keyed<OutboxRow>>(outbox, [sagaIds, eventsOfSaga * sagas.length]),
    optional(databases.payment.query<OfOrder<RecordedPayment>>(payment, [orderIds])),
    optional(databases.inventory.query<OfOrder<RecordedReservation>>(reservation, [orderIds])),
  ])
  // The history has the ids of events that were removed from the outboxes.
  const known = new Set(
    [...sagas.map(({ history }) => history), ...Object.values(events)].flatMap(
      (some: readonly { eventId: string }[] = []) => some.map(({ eventId }) => eventId),
    ),
  )
  const inboxes = await ofStores<InboxRow>(inbox, [[...known]])
  return sagas.map((saga) => {
    const ofOrder = <T extends { readonly orderId: string }>(rows: readonly T[] | undefined): T | null | undefined =>
      rows && (rows.find(({ orderId }) => orderId === saga.orderId) ?? null)
    return {
      saga,
      payment: ofOrder(payments),
      reservation: ofOrder(reservations),
      outboxes: ofEach(events, (rows) => rows.filter(({ sagaId }) => sagaId === saga.sagaId)),
      inboxes,
    }
  })
}

function ofEach<T>(
  rows: Readonly<Record<StoreName, readonly T[] | undefined>>,
  select: (rows: readonly T[]) => readonly T[],
): Record<StoreName, readonly T[] | undefined> {
  return {
    order: rows.order && select(rows.order),
    payment: rows.payment && select(rows.payment),
    inventory: rows.inventory && select(rows.inventory),
  }
}
