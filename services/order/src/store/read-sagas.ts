import { type Database, statement } from '@order-saga/chassis'
import type { SagaState, SagaStatus } from '../domain/saga.ts'
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
  readonly createdBefore?: Date | undefined
}

const columns = `saga_id AS "sagaId", order_id AS "orderId", status, reason, compensation, timeout_at AS deadline,
  created_at AS "createdAt", updated_at AS "updatedAt", finished_at AS "finishedAt"`
const newestFirst = 'saga_id < $1 AND created_at <= $2 ORDER BY saga_id DESC LIMIT $3'

const byId = statement('saga-by-id', `SELECT ${columns}, history FROM saga_instances WHERE saga_id = $1`)
const all = statement('sagas-list', `SELECT ${columns} FROM saga_instances WHERE ${newestFirst}`)
const ofStatus = statement(
  'sagas-list-status',
  `SELECT ${columns} FROM saga_instances WHERE status = $4 AND ${newestFirst}`,
)

export async function readSaga(database: Database, sagaId: string): Promise<SagaWithHistory | undefined> {
  const [saga] = await database.query<SagaWithHistory>(byId, [sagaId])
  return saga
}

/** Sagas older than the id `before`, newest first. Ids are UUIDv7: they sort by the time of their creation. */
export async function listSagas(
  database: Database,
  { status, createdBefore }: SagaFilter,
  { before, limit }: { before: string; limit: number },
): Promise<StoredSaga[]> {
  const values = [before, createdBefore ?? 'infinity', limit]
  return await (status === undefined ? database.query(all, values) : database.query(ofStatus, [...values, status]))
}
