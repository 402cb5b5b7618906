import type { Item } from '@order-saga/contracts'
import { type Database, statement } from '@order-saga/chassis'
import type { SagaFacts } from '../domain/explanation.ts'
import type { Compensation, SagaReason, SagaState, SagaStatus } from '../domain/saga.ts'
import type { HistoryEntry } from './sagas.ts'

/** One saga with all that is known of it here. */
export interface SagaStory extends SagaFacts {
  readonly sagaId: string
  readonly orderId: string
  readonly customerId: string | null
  readonly updatedAt: Date
  readonly history: readonly HistoryEntry[]
}

interface Row {
  saga_id: string
  order_id: string
  customer_id: string | null
  status: SagaStatus
  reason: SagaReason | null
  compensation: Compensation
  timeout_at: Date
  refund_due_at: Date | null
  refund_requests: number
  history: HistoryEntry[]
  created_at: Date
  updated_at: Date
  finished_at: Date | null
  amount: string
  currency: string
  items: Item[]
}

const select = `SELECT s.saga_id, s.order_id, o.customer_id, s.status, s.reason, s.compensation, s.timeout_at, s.refund_due_at,
    s.refund_requests, s.history, s.created_at, s.updated_at, s.finished_at, o.amount::text AS amount, o.currency, o.items
  FROM saga_instances s JOIN orders o USING (order_id)`

const bySaga = statement('saga-facts', `${select} WHERE s.saga_id = $1`)
const byEither = statement('saga-facts-by-either', `${select} WHERE s.saga_id = $1 OR s.order_id = $1`)

export async function readSagaFacts(database: Database, sagaId: string): Promise<SagaStory | undefined> {
  const [row] = await database.query<Row>(bySaga, [sagaId])
  return row && storyOf(row)
}

/** The saga of that id, or the saga of the order of that id. */
export async function findSaga(database: Database, id: string): Promise<SagaStory | undefined> {
  const [row] = await database.query<Row>(byEither, [id])
  return row && storyOf(row)
}

function storyOf(row: Row): SagaStory {
  const { history, created_at: createdAt } = row
  const state = { status: row.status, reason: row.reason, compensation: row.compensation }
  return {
    sagaId: row.saga_id,
    orderId: row.order_id,
    customerId: row.customer_id,
    state,
    createdAt,
    updatedAt: row.updated_at,
    deadline: row.timeout_at,
    finishedAt: row.finished_at,
    since: since(history, state) ?? createdAt,
    refundRequests: row.refund_requests,
    refundDueAt: row.refund_due_at,
    amount: row.amount,
    currency: row.currency,
    items: row.items,
    history,
  }
}

/** When the saga came to where it stands: a refund that is asked for again is waited for from its first request. */
function since(history: readonly HistoryEntry[], { status, compensation }: SagaState): Date | undefined {
  const entry =
    compensation === 'refund_requested'
      ? history.find(({ event }) => event === 'payment.refund.requested')
      : history.find((each) => each.status === status)
  return entry && new Date(entry.at)
}
