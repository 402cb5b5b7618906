import { type Database, statement } from '@order-saga/chassis'
import type { Compensation, SagaReason, SagaStatus } from '../domain/saga.ts'
import type { HistoryEntry } from './sagas.ts'

export interface StoredSaga {
  readonly sagaId: string
  readonly orderId: string
  readonly status: SagaStatus
  readonly reason: SagaReason | null
  readonly compensation: Compensation
  readonly deadline: Date
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly finishedAt: Date | null
}

export interface SagaFilter {
  readonly status?: SagaStatus | undefined
  readonly createdBefore?: Date | undefined
}

interface Row {
  saga_id: string
  order_id: string
  status: SagaStatus
  reason: SagaReason | null
  compensation: Compensation
  timeout_at: Date
  created_at: Date
  updated_at: Date
  finished_at: Date | null
  history: HistoryEntry[]
}

const columns = 'saga_id, order_id, status, reason, compensation, timeout_at, created_at, updated_at, finished_at'
const newestFirst = 'saga_id < $1 AND created_at <= $2 ORDER BY saga_id DESC LIMIT $3'

const byId = statement('saga-by-id', `SELECT ${columns}, history FROM saga_instances WHERE saga_id = $1`)
const all = statement('sagas-list', `SELECT ${columns} FROM saga_instances WHERE ${newestFirst}`)
const ofStatus = statement(
  'sagas-list-status',
  `SELECT ${columns} FROM saga_instances WHERE status = $4 AND ${newestFirst}`,
)

export async function readSaga(
  database: Database,
  sagaId: string,
): Promise<(StoredSaga & { readonly history: HistoryEntry[] }) | undefined> {
  const [row] = await database.query<Row>(byId, [sagaId])
  return row === undefined ? undefined : { ...sagaOf(row), history: row.history }
}

/** Sagas older than the id `before`, newest first. Ids are UUIDv7: they sort by the time of their creation. */
export async function listSagas(
  database: Database,
  { status, createdBefore }: SagaFilter,
  { before, limit }: { before: string; limit: number },
): Promise<StoredSaga[]> {
  const values = [before, createdBefore ?? 'infinity', limit]
  const rows = await (status === undefined
    ? database.query<Row>(all, values)
    : database.query<Row>(ofStatus, [...values, status]))
  return rows.map(sagaOf)
}

function sagaOf(row: Row): StoredSaga {
  return {
    sagaId: row.saga_id,
    orderId: row.order_id,
    status: row.status,
    reason: row.reason,
    compensation: row.compensation,
    deadline: row.timeout_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    finishedAt: row.finished_at,
  }
}
