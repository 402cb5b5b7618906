import { type Statement, statement } from '@order-saga/chassis'
import { type SagaState, type SagaStatus, sagaStatuses } from '@order-saga/order'
import type { StoreReader } from './store.ts'

export interface SagaLine extends SagaState {
  readonly sagaId: string
  readonly orderId: string
  readonly customerId: string | null
  readonly amount: string
  readonly currency: string
  readonly deadline: Date
  readonly refundDueAt: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly finishedAt: Date | null
}

export interface SagaListOptions {
  readonly status?: string | undefined
  readonly createdBefore?: Date | undefined
  readonly order: 'oldest first' | 'newest first'
  readonly after?: string | undefined
  readonly limit: number
}

export interface SagaOverview {
  readonly counts: Readonly<Record<SagaStatus, { readonly count: number; readonly more: boolean }>>
  readonly overdue: number
  readonly sagas: readonly SagaLine[]
}

/** Limits the cost of counting to a constant. */
const countLimit = 10_000
const shownOfEach = 20

export const sagaColumns = `saga_id AS "sagaId", order_id AS "orderId", customer_id AS "customerId", amount::text, currency,
  s.status, reason, compensation, reservation_seen AS "reservationSeen", mismatch, timeout_at AS deadline, refund_due_at AS "refundDueAt", s.created_at AS "createdAt",
  s.updated_at AS "updatedAt", finished_at AS "finishedAt"`
export const sagaTables = 'saga_instances s JOIN orders o USING (order_id, saga_id)'

// One statement with and one without the status, so that the plan of each reads an index in the requested order.
const pagesOf = (name: string, comparison: string, direction: string) =>
  ['', 'AND s.status = $4'].map((filter, i) =>
    statement(
      `sagas-${name}-${i}`,
      `SELECT ${sagaColumns} FROM ${sagaTables} WHERE s.saga_id ${comparison} $1 AND s.created_at <= $2 ${filter}
       ORDER BY s.saga_id ${direction} LIMIT $3`,
    ),
  )
const pages = {
  'oldest first': { start: '00000000-0000-0000-0000-000000000000', texts: pagesOf('oldest', '>', 'ASC') },
  'newest first': { start: 'ffffffff-ffff-ffff-ffff-ffffffffffff', texts: pagesOf('newest', '<', 'DESC') },
} as const

const ofEach = (name: string, select: (status: SagaStatus) => string) =>
  statement(name, sagaStatuses.map((status) => `(${select(status)})`).join(' UNION ALL '))
const countByStatus = ofEach(
  'sagas-count',
  (status) => `SELECT '${status}' AS status, count(*) AS count FROM
    (SELECT FROM saga_instances WHERE status = '${status}' LIMIT ${countLimit + 1}) s`,
)
const countOverdue = statement(
  'sagas-overdue',
  `SELECT count(*) AS count FROM (
    (SELECT FROM saga_instances WHERE status IN ('pending', 'payment_completed') AND timeout_at <= $1 LIMIT ${countLimit})
    UNION ALL (SELECT FROM saga_instances WHERE refund_due_at <= $1 LIMIT ${countLimit})) s`,
)
const newestOfEach = ofEach(
  'sagas-newest-of-each',
  (status) =>
    `SELECT ${sagaColumns} FROM ${sagaTables} WHERE s.status = '${status}' ORDER BY s.saga_id DESC LIMIT ${shownOfEach}`,
)

/** A page of sagas in the order of their ids, which is the order of their creation. */
export async function listSagas(
  orders: StoreReader,
  { status, createdBefore, order, after, limit }: SagaListOptions,
): Promise<{ sagas: SagaLine[]; next: string | null }> {
  const { start, texts } = pages[order]
  const values = [after ?? start, createdBefore ?? 'infinity', limit + 1]
  const [all, ofStatus] = texts as [Statement, Statement]
  const found = await (status === undefined
    ? orders.query<SagaLine>(all, values)
    : orders.query<SagaLine>(ofStatus, [...values, status]))
  const sagas = found.slice(0, limit)
  return { sagas, next: found.length > limit ? (sagas.at(-1)?.sagaId ?? null) : null }
}

/** The cost does not depend on the size of the tables. */
export async function readSagaOverview(orders: StoreReader, now: Date): Promise<SagaOverview> {
  const [counted, [late], sagas] = await Promise.all([
    orders.query<{ status: SagaStatus; count: number }>(countByStatus),
    orders.query<{ count: number }>(countOverdue, [now]),
    orders.query<SagaLine>(newestOfEach),
  ])
  const counts = counted.map(({ status, count }) => [
    status,
    { count: Math.min(count, countLimit), more: count > countLimit },
  ])
  return {
    counts: Object.fromEntries(counts) as SagaOverview['counts'],
    overdue: late?.count ?? 0,
    sagas: sagas.toSorted((first, second) => (first.sagaId < second.sagaId ? 1 : -1)),
  }
}
