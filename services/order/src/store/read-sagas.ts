import { type Database, statement } from '@order-saga/chassis'
import type { SagaState, SagaStatus } from '../domain/saga.ts'
import type { OrderStatus } from './read-orders.ts'
import type { HistoryEntry } from './sagas.ts'

export interface StoredSaga extends Pick<SagaState, 'status' | 'reason' | 'compensation'> {
  readonly sagaId: string
  readonly orderId: string
  readonly deadline: Date
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly finishedAt: Date | null
}

export interface SagaWithHistory extends StoredSaga {
  readonly history: HistoryEntry[]
}

export interface SagaFilter {
  readonly status?: SagaStatus | undefined
}

interface Part {
  readonly before: string
  readonly limit: number
}

const columns = `s.saga_id AS "sagaId", s.order_id AS "orderId", s.status, s.reason, s.compensation,
  s.timeout_at AS deadline, s.created_at AS "createdAt", s.updated_at AS "updatedAt", s.finished_at AS "finishedAt"`
const newestFirst = 's.saga_id < $1 ORDER BY s.saga_id DESC LIMIT $2'

/** Whether a saga is visible: with a customer, only if it is that customer's. */
export const visibleTo = (customer: string): string =>
  `(${customer}::text IS NULL OR EXISTS (SELECT FROM orders o WHERE o.order_id = s.order_id AND o.customer_id = ${customer}))`

const byId = statement(
  'saga-by-id',
  `SELECT ${columns}, s.history FROM saga_instances s WHERE s.saga_id = $1 AND ${visibleTo('$2')}`,
)
const all = statement('sagas-list', `SELECT ${columns} FROM saga_instances s WHERE ${newestFirst}`)
const ofStatus = statement(
  'sagas-list-status',
  `SELECT ${columns} FROM saga_instances s WHERE s.status = $3 AND ${newestFirst}`,
)
const ofCustomer = statement(
  'sagas-list-customer',
  `SELECT ${columns} FROM orders o JOIN saga_instances s USING (order_id)
   WHERE o.customer_id = $3 AND o.order_id < $1 ORDER BY o.order_id DESC LIMIT $2`,
)
// The condition on the order's status, which follows from the saga's, is the one with an index.
const ofCustomerAndStatus = statement(
  'sagas-list-customer-status',
  `SELECT ${columns} FROM orders o JOIN saga_instances s USING (order_id)
   WHERE o.customer_id = $3 AND o.status = $4 AND s.status = $5 AND o.order_id < $1 ORDER BY o.order_id DESC LIMIT $2`,
)

/** The status of the order of a saga: both change in one transaction. */
const orderStatusOf: Readonly<Record<SagaStatus, OrderStatus>> = {
  pending: 'pending',
  payment_completed: 'pending',
  refunding: 'pending',
  completed: 'confirmed',
  cancelled: 'cancelled',
  timeout_cancelled: 'cancelled',
}

/** @param customerId only if it is this customer's */
export async function readSaga(
  database: Database,
  sagaId: string,
  customerId?: string,
): Promise<SagaWithHistory | undefined> {
  const [saga] = await database.query<SagaWithHistory>(byId, [sagaId, customerId ?? null])
  return saga
}

/** Sagas older than the id `before`, newest first. Ids are UUIDv7: they sort by the time of their creation. */
export async function listSagas(
  database: Database,
  { status }: SagaFilter,
  { before, limit }: Part,
): Promise<StoredSaga[]> {
  const values = [before, limit]
  return await (status === undefined ? database.query(all, values) : database.query(ofStatus, [...values, status]))
}

/** The same for one customer, by order id: `before` is one. */
export async function listSagasOf(
  database: Database,
  customerId: string,
  { status }: SagaFilter,
  { before, limit }: Part,
): Promise<StoredSaga[]> {
  const values = [before, limit, customerId]
  return await (status === undefined
    ? database.query(ofCustomer, values)
    : database.query(ofCustomerAndStatus, [...values, orderStatusOf[status], status]))
}
