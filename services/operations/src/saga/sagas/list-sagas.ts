import { type SagaState, sagaStatuses } from '@order-saga/order'
import { fromNow, span } from '../duration.ts'
import { type Result, UsageError } from '../result.ts'
import { counted, table } from '../table.ts'
import type { Workplace } from '../workplace.ts'
import { sagaWords } from './saga-words.ts'

export interface SagaListOptions {
  readonly status?: string | undefined
  readonly olderThanMs?: number | undefined
  readonly limit: number
  /** The last id of the page before. */
  readonly after?: string | undefined
}

interface SagaRow extends SagaState {
  readonly sagaId: string
  readonly orderId: string
  readonly deadline: Date
  readonly refundDueAt: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly finishedAt: Date | null
}

const page = `SELECT saga_id AS "sagaId", order_id AS "orderId", status, reason, compensation, timeout_at AS deadline,
    refund_due_at AS "refundDueAt", created_at AS "createdAt", updated_at AS "updatedAt", finished_at AS "finishedAt"
  FROM saga_instances
  WHERE ($1::text IS NULL OR status = $1) AND created_at <= $2 AND ($3::uuid IS NULL OR saga_id > $3)
  ORDER BY saga_id LIMIT $4`

/** Sagas by status and age, the oldest first, a page at a time. */
export async function listSagas(workplace: Workplace, options: SagaListOptions): Promise<Result> {
  const { status, olderThanMs = 0, limit, after } = options
  if (status !== undefined && !sagaStatuses.some((known) => known === status)) {
    throw new UsageError(`--status ${status} is no status of a saga: give one of ${sagaStatuses.join(', ')}.`)
  }
  const now = workplace.now()
  const databases = await workplace.databases()
  const createdBefore = new Date(now.getTime() - olderThanMs)
  const found = await workplace.reading(() =>
    databases.order.read<SagaRow>(page, [status ?? null, createdBefore, after ?? null, limit + 1]),
  )
  const sagas = found.slice(0, limit)
  const next = found.length > limit ? sagas.at(-1)?.sagaId : undefined
  const rows = sagas.map((saga) => [
    saga.sagaId,
    saga.orderId,
    sagaWords(saga),
    saga.reason ?? '-',
    span(now.getTime() - saga.createdAt.getTime()),
    saga.refundDueAt === null ? '-' : fromNow(saga.refundDueAt, now),
    saga.finishedAt === null ? fromNow(saga.deadline, now) : '-',
  ])
  return {
    items: sagas,
    summary: { shown: sagas.length, next: next ?? null },
    text: [
      ...(rows.length === 0
        ? []
        : [table(['SAGA', 'ORDER', 'STATUS', 'REASON', 'AGE', 'REFUND DUE', 'DEADLINE'], rows)]),
      `${counted(sagas.length, 'saga')}${next === undefined ? '' : `; the next page: --after ${next}`}`,
    ].join('\n'),
    wrong: false,
  }
}
