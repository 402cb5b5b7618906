import { type Database, statement } from '@order-saga/chassis'
import { type SagaStatus, sagaStatuses } from '../domain/saga.ts'
import type { Count, OutboxLine, SagaLine } from './page/answers.ts'

/** Counting goes no further, so that it costs the same however many sagas there have been. */
const countLimit = 10_000
const newestShown = 20

const each = (select: (status: SagaStatus) => string): string => sagaStatuses.map(select).join(' UNION ALL ')

const countByStatus = statement(
  'console-counts',
  each(
    (status) => `SELECT '${status}' AS status, count(*) AS count FROM
      (SELECT 1 FROM saga_instances WHERE status = '${status}' LIMIT ${countLimit + 1}) s`,
  ),
)
const countOverdue = statement(
  'console-overdue',
  `SELECT count(*) AS count FROM (
     (SELECT 1 FROM saga_instances WHERE status IN ('pending', 'payment_completed') AND timeout_at <= $1 LIMIT ${countLimit})
     UNION ALL (SELECT 1 FROM saga_instances WHERE refund_due_at <= $1 LIMIT ${countLimit})) s`,
)
const columns = `s.saga_id, s.order_id, o.customer_id, s.status, s.reason, s.compensation, o.amount::text AS amount, o.currency,
  s.created_at, s.timeout_at, s.finished_at`
const newest = statement(
  'console-newest',
  each(
    (status) => `(SELECT ${columns} FROM saga_instances s JOIN orders o USING (order_id)
      WHERE s.status = '${status}' ORDER BY s.saga_id DESC LIMIT ${newestShown})`,
  ),
)
const outbox = statement(
  'console-outbox',
  `SELECT pending.count AS pending, pending.oldest AS oldest, parked.count AS parked FROM
     (SELECT count(*) AS count, min(created_at) AS oldest FROM events WHERE published_at IS NULL AND parked_at IS NULL) pending,
     (SELECT count(*) AS count FROM events WHERE parked_at IS NOT NULL AND published_at IS NULL) parked`,
)
const page = statement(
  'console-sagas',
  `SELECT ${columns} FROM saga_instances s JOIN orders o USING (order_id)
   WHERE s.saga_id < $1 ORDER BY s.saga_id DESC LIMIT $2`,
)
const pageOfStatus = statement(
  'console-sagas-status',
  `SELECT ${columns} FROM saga_instances s JOIN orders o USING (order_id)
   WHERE s.saga_id < $1 AND s.status = $3 ORDER BY s.saga_id DESC LIMIT $2`,
)

interface Row {
  saga_id: string
  order_id: string
  customer_id: string | null
  status: SagaStatus
  reason: string | null
  compensation: string
  amount: string
  currency: string
  created_at: Date
  timeout_at: Date
  finished_at: Date | null
}

export interface SagasAtAGlance {
  readonly counts: Record<SagaStatus, Count>
  readonly overdue: number
  readonly sagas: SagaLine[]
  readonly outbox: OutboxLine
}

/** All of the overview that the service's own database knows; its cost does not grow with the tables. */
export async function readSagasAtAGlance(database: Database, now: Date): Promise<SagasAtAGlance> {
  const [counted, [late], rows, [own]] = await Promise.all([
    database.query<{ status: SagaStatus; count: number }>(countByStatus),
    database.query<{ count: number }>(countOverdue, [now]),
    database.query<Row>(newest),
    database.query<{ pending: number; oldest: Date | null; parked: number }>(outbox),
  ])
  const counts = sagaStatuses.map((status): [SagaStatus, Count] => {
    const count = counted.find((row) => row.status === status)?.count ?? 0
    return [status, { count: Math.min(count, countLimit), more: count > countLimit }]
  })
  return {
    counts: Object.fromEntries(counts) as Record<SagaStatus, Count>,
    overdue: late?.count ?? 0,
    sagas: rows.map(lineOf).toSorted((first, second) => (first.sagaId < second.sagaId ? 1 : -1)),
    outbox: {
      service: 'order',
      state: 'answered',
      pending: own?.pending ?? 0,
      oldestSeconds: Math.max(0, Math.round((now.getTime() - (own?.oldest ?? now).getTime()) / 1_000)),
      parked: own?.parked ?? 0,
    },
  }
}

/** Sagas older than the id `before`, newest first. */
export async function listSagaLines(
  database: Database,
  status: SagaStatus | undefined,
  { before, limit }: { before: string; limit: number },
): Promise<SagaLine[]> {
  const rows = await (status === undefined
    ? database.query<Row>(page, [before, limit])
    : database.query<Row>(pageOfStatus, [before, limit, status]))
  return rows.map(lineOf)
}

function lineOf(row: Row): SagaLine {
  return {
    sagaId: row.saga_id,
    orderId: row.order_id,
    customerId: row.customer_id,
    status: row.status,
    reason: row.reason,
    compensation: row.compensation,
    amount: row.amount,
    currency: row.currency,
    createdAt: row.created_at.toISOString(),
    deadline: row.timeout_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
  }
}
