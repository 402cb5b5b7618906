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
const payment = statement(
  'payment-of',
  `SELECT status, reason, amount::text, currency, charge_id AS "chargeId", refund_id AS "refundId", attempts,
    last_attempt_at AS "lastAttemptAt", next_attempt_at AS "nextAttemptAt", created_at AS "createdAt",
    updated_at AS "updatedAt"
  FROM payment_transactions WHERE order_id = $1`,
)
const reservation = statement(
  'reservation-of',
  `SELECT status, reason, items, created_at AS "createdAt", updated_at AS "updatedAt"
  FROM inventory_reservations WHERE order_id = $1`,
)
const outbox = statement(
  'outbox-of',
  `SELECT event_id AS "eventId", routing_key AS event, attempts, created_at AS "createdAt",
    published_at AS "publishedAt", CASE WHEN published_at IS NULL THEN parked_at END AS "parkedAt", park_reason AS "parkReason"
  FROM events WHERE saga_id = $1 ORDER BY created_at, event_id LIMIT 200`,
)
const inbox = statement(
  'inbox-of',
  `SELECT event_id AS "eventId", processed_at AS "processedAt" FROM processed_events
  WHERE event_id = ANY($1::uuid[])`,
)

const actsShown = 100

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
  const optional = async <R>(rows: Promise<R[]>): Promise<R[] | undefined> =>
    await rows.catch((error: unknown) => {
      if (partial && error instanceof DependencyUnavailable) return undefined
      throw error
    })
  const ofStores = async <R extends object>(
    sql: Statement,
    value: unknown,
  ): Promise<Record<StoreName, R[] | undefined>> => {
    const rows = storeNames.map(async (store) => [store, await optional(databases[store].query<R>(sql, [value]))])
    return Object.fromEntries(await Promise.all(rows)) as Record<StoreName, R[] | undefined>
  }
  const [outboxes, payments, reservations, acts] = await Promise.all([
    ofStores<OutboxRow>(outbox, saga.sagaId),
    optional(databases.payment.query<RecordedPayment>(payment, [saga.orderId])),
    optional(databases.inventory.query<RecordedReservation>(reservation, [saga.orderId])),
    readActs(databases.order, { about: saga.sagaId, limit: actsShown }),
  ])
  // The history has the ids of events that were removed from the outboxes.
  const known = new Set(
    [saga.history, ...Object.values(outboxes)].flatMap((events: readonly { eventId: string }[] = []) =>
      events.map(({ eventId }) => eventId),
    ),
  )
  const inboxes = await ofStores<InboxRow>(inbox, [...known])
  return {
    saga,
    payment: payments && (payments[0] ?? null),
    reservation: reservations && (reservations[0] ?? null),
    outboxes,
    inboxes,
    acts,
  }
}
