import { sagaStatuses } from '@order-saga/order'
import { listSagas as readSagas } from '../../inspect/sagas.ts'
import type { CommandContext } from '../command-context.ts'
import { type Result, UsageError } from '../result.ts'
import { fromNow, sagaWords, span, tableOf } from '../text.ts'
import { counted } from '../../audit/format-report.ts'

export interface SagaListOptions {
  readonly status?: string | undefined
  readonly violations?: boolean | undefined
  readonly olderThanMs?: number | undefined
  readonly limit: number
  readonly after?: string | undefined
}

const heading = ['SAGA', 'ORDER', 'STATUS', 'REASON', 'AGE', 'REFUND DUE', 'DEADLINE']

export async function listSagas(context: CommandContext, options: SagaListOptions): Promise<Result> {
  const { status, violations, olderThanMs = 0, limit, after } = options
  if (status !== undefined && !sagaStatuses.some((known) => known === status)) {
    throw new UsageError(`--status ${status} is not a status of a saga: give one of ${sagaStatuses.join(', ')}.`)
  }
  const now = context.now()
  const createdBefore = new Date(now.getTime() - olderThanMs)
  const { sagas, next } = await readSagas(context.databases.order, {
    status,
    violations,
    createdBefore,
    order: 'oldest first',
    after,
    limit,
  })
  const rows = sagas.map((saga) => [
    saga.sagaId,
    saga.orderId,
    sagaWords(saga),
    saga.reason ?? '-',
    span(now.getTime() - saga.createdAt.getTime()),
    saga.refundDueAt === null ? '-' : fromNow(saga.refundDueAt, now),
    saga.finishedAt === null ? fromNow(saga.deadline, now) : '-',
    ...(violations === true ? [String(saga.violations)] : []),
  ])
  return {
    items: sagas,
    summary: { shown: sagas.length, next },
    text: [
      ...tableOf(violations === true ? [...heading, 'VIOLATIONS'] : heading, rows),
      `${counted(sagas.length, 'saga')}${next === null ? '' : `; the next page: --after ${next}`}`,
    ].join('\n'),
    wrong: false,
  }
}
