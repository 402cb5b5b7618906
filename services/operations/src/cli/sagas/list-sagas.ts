import { blockerKinds, sagaStatuses } from '@order-saga/order'
import { type BlockedFilter, listBlockedSagas } from '../../inspect/blocked-sagas.ts'
import { readAllDeadLetters, readAllRetries, readQueueFacts } from '../../inspect/delivery.ts'
import type { CommandContext } from '../command-context.ts'
import { type Result, UsageError } from '../result.ts'
import { fromNow, sagaWords, span, tableOf } from '../text.ts'
import { counted } from '../../audit/format-report.ts'

export interface SagaListOptions {
  readonly status?: string | undefined
  readonly violations?: boolean | undefined
  readonly olderThanMs?: number | undefined
  readonly customerId?: string | undefined
  /** A kind of blocker, or `any`. */
  readonly blocked?: string | undefined
  readonly limit: number
  readonly after?: string | undefined
}

const heading = ['SAGA', 'ORDER', 'STATUS', 'REASON', 'AGE', 'REFUND DUE', 'DEADLINE', 'BLOCKED BY']

export async function listSagas(context: CommandContext, options: SagaListOptions): Promise<Result> {
  const { status, violations, olderThanMs = 0, customerId, limit, after } = options
  const blocked = filterOf(options.blocked)
  if (status !== undefined && !sagaStatuses.some((known) => known === status)) {
    throw new UsageError(`--status ${status} is not a status of a saga: give one of ${sagaStatuses.join(', ')}.`)
  }
  const now = context.now()
  const createdBefore = new Date(now.getTime() - olderThanMs)
  const { retryDelaysMs } = context.config
  const [deadLetters, retries, queueFacts] = await Promise.all([
    readAllDeadLetters(context),
    readAllRetries(context, retryDelaysMs),
    readQueueFacts(context, retryDelaysMs).catch(() => undefined),
  ])
  const page = { status, violations, createdBefore, customerId, order: 'oldest first', after, limit } as const
  const { sagas, next } = await listBlockedSagas(context, page, { deadLetters, retries, queueFacts }, blocked)
  const rows = sagas.map((saga) => [
    saga.sagaId,
    saga.orderId,
    sagaWords(saga),
    saga.reason ?? '-',
    span(now.getTime() - saga.createdAt.getTime()),
    saga.refundDueAt === null ? '-' : fromNow(saga.refundDueAt, now),
    saga.finishedAt === null ? fromNow(saga.deadline, now) : '-',
    saga.blockers.length === 0 ? '-' : saga.blockers.map(({ kind }) => kind).join(', '),
    ...(violations === true ? [String(saga.violations)] : []),
  ])
  const unread = [
    ...(deadLetters === undefined ? ['dead letters'] : []),
    ...(retries === undefined ? ['retry queues'] : []),
    ...(queueFacts === undefined ? ['queues'] : []),
  ]
  return {
    items: sagas,
    summary: { shown: sagas.length, next, unread },
    text: [
      ...tableOf(violations === true ? [...heading, 'VIOLATIONS'] : heading, rows),
      ...(unread.length === 0 ? [] : [`not read: ${unread.join(', ')} (the broker is unavailable, or has too many)`]),
      `${counted(sagas.length, 'saga')}${next === null ? '' : `; the next page: --after ${next}`}`,
    ].join('\n'),
    wrong: false,
  }
}

/** @throws UsageError */
function filterOf(text: string | undefined): BlockedFilter | undefined {
  if (text === undefined || text === 'any') return text
  const kind = blockerKinds.find((each) => each === text)
  if (kind === undefined) {
    throw new UsageError(`--blocked ${text} is no kind of blocker: give any or one of ${blockerKinds.join(', ')}.`)
  }
  return kind
}
