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
  /** Events it received that violate the protocol or do not match its order. */
  readonly violations: number
}

export interface SagaListOptions {
  readonly status?: string | null | undefined
  /** Only those with violations. */
  readonly violations?: boolean | undefined
  readonly createdBefore?: Date | undefined
  readonly customerId?: string | undefined
  /** Only those that are not complete (without a final status, or with a refund in progress) and those with these ids. */
  readonly openOr?: readonly string[] | undefined
  readonly order: 'oldest first' | 'newest first'
  readonly after?: string | undefined
  readonly limit: number
}

export interface SagaOverview {
  readonly counts: Readonly<Record<SagaStatus, { readonly count: number; readonly more: boolean }>>
  readonly overdue: number
  /** Sagas with violations. */
  readonly violated: { readonly count: number; readonly more: boolean }
  readonly sagas: readonly SagaLine[]
}

/** Limits the cost of counting to a constant. */
const countLimit = 10_000
const shownOfEach = 20

export const sagaColumns = `saga_id AS "sagaId", order_id AS "orderId", customer_id AS "customerId", amount::text, currency,
  s.status, reason, compensation, reservation_seen AS "reservationSeen", mismatch, timeout_at AS deadline, refund_due_at AS "refundDueAt", s.created_at AS "createdAt",
  s.updated_at AS "updatedAt", finished_at AS "finishedAt",
  COALESCE((SELECT v.violations FROM saga_violations v WHERE v.saga_id = s.saga_id), 0) AS violations`
export const sagaTables = 'saga_instances s JOIN orders o USING (order_id, saga_id)'
const violatedTables = `saga_violations w JOIN (${sagaTables}) USING (saga_id)`

const isOpen = `(s.status IN ('pending', 'payment_completed', 'refunding') OR s.refund_due_at IS NOT NULL)`
const openParts = [
  ...['pending', 'payment_completed', 'refunding'].map((status) => `s.status = '${status}'`),
  `s.status = 'timeout_cancelled' AND s.refund_due_at IS NOT NULL`,
  `s.saga_id = ANY($5::uuid[]) AND NOT ${isOpen}`,
]
const isViolated = 'EXISTS (SELECT FROM saga_violations w WHERE w.saga_id = s.saga_id)'

// One statement with and one without the status, so that the plan of each reads an index in the requested order.
const pagesOf = (name: string, comparison: string, direction: string) => {
  const page = (filter: string, tables: string, id: string, condition: string): Statement =>
    statement(
      `sagas-${name}-${filter}`,
      `SELECT ${sagaColumns} FROM ${tables} WHERE ${id} ${comparison} $1 AND s.created_at <= $2 ${condition}
       ORDER BY ${id} ${direction} LIMIT $3`,
    )
  return {
    all: page('all', sagaTables, 's.saga_id', ''),
    ofStatus: page('status', sagaTables, 's.saga_id', 'AND s.status = $4'),
    // Few sagas are violated: the order is that of their own table.
    violated: page('violated', violatedTables, 'w.saga_id', 'AND ($4::text IS NULL OR s.status = $4)'),
    ofCustomer: page(
      'customer',
      sagaTables,
      's.saga_id',
      `AND o.customer_id = $7 AND ($4::text IS NULL OR s.status = $4) AND (NOT $6 OR ${isViolated})
       AND ($5::uuid[] IS NULL OR ${isOpen} OR s.saga_id = ANY($5::uuid[]))`,
    ),
    // Each part reads an index: open sagas are few among many final ones.
    open: statement(
      `sagas-${name}-open`,
      `SELECT * FROM (${openParts
        .map(
          (part) => `(SELECT ${sagaColumns} FROM ${sagaTables} WHERE ${part} AND s.saga_id ${comparison} $1
            AND s.created_at <= $2 AND ($4::text IS NULL OR s.status = $4) AND (NOT $6 OR ${isViolated}) ORDER BY s.saga_id ${direction} LIMIT $3)`,
        )
        .join(' UNION ALL ')}) AS open ORDER BY "sagaId" ${direction} LIMIT $3`,
    ),
  }
}
const pages = {
  'oldest first': { start: '00000000-0000-0000-0000-000000000000', statements: pagesOf('oldest', '>', 'ASC') },
  'newest first': { start: 'ffffffff-ffff-ffff-ffff-ffffffffffff', statements: pagesOf('newest', '<', 'DESC') },
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
const countViolated = statement(
  'sagas-count-violated',
  `SELECT count(*) AS count FROM (SELECT FROM saga_violations LIMIT ${countLimit + 1}) v`,
)
const newestOfEach = ofEach(
  'sagas-newest-of-each',
  (status) =>
    `SELECT ${sagaColumns} FROM ${sagaTables} WHERE s.status = '${status}' ORDER BY s.saga_id DESC LIMIT ${shownOfEach}`,
)

/** A page of sagas in the order of their ids, which is the order of their creation. */
export async function listSagas(
  orders: StoreReader,
  { status = null, violations = false, createdBefore, customerId, openOr, order, after, limit }: SagaListOptions,
): Promise<{ sagas: SagaLine[]; next: string | null }> {
  const { start, statements } = pages[order]
  const values = [after ?? start, createdBefore ?? 'infinity', limit + 1]
  const found = await (customerId !== undefined
    ? orders.query<SagaLine>(statements.ofCustomer, [...values, status, openOr ?? null, violations, customerId])
    : openOr !== undefined
      ? orders.query<SagaLine>(statements.open, [...values, status, openOr, violations])
      : violations
        ? orders.query<SagaLine>(statements.violated, [...values, status])
        : status === null
          ? orders.query<SagaLine>(statements.all, values)
          : orders.query<SagaLine>(statements.ofStatus, [...values, status]))
  const sagas = found.slice(0, limit)
  return { sagas, next: found.length > limit ? (sagas.at(-1)?.sagaId ?? null) : null }
}

/** The cost does not depend on the size of the tables. */
export async function readSagaOverview(orders: StoreReader, now: Date): Promise<SagaOverview> {
  const [counted, [late], [violated], sagas, { sagas: newestViolated }] = await Promise.all([
    orders.query<{ status: SagaStatus; count: number }>(countByStatus),
    orders.query<{ count: number }>(countOverdue, [now]),
    orders.query<{ count: number }>(countViolated),
    orders.query<SagaLine>(newestOfEach),
    listSagas(orders, { violations: true, order: 'newest first', limit: shownOfEach }),
  ])
  const limited = (count: number) => ({ count: Math.min(count, countLimit), more: count > countLimit })
  const counts = counted.map(({ status, count }) => [status, limited(count)])
  const shown = new Map([...sagas, ...newestViolated].map((saga) => [saga.sagaId, saga]))
  return {
    counts: Object.fromEntries(counts) as SagaOverview['counts'],
    overdue: late?.count ?? 0,
    violated: limited(violated?.count ?? 0),
    sagas: [...shown.values()].toSorted((first, second) => (first.sagaId < second.sagaId ? 1 : -1)),
  }
}
