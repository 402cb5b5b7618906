import { type Database, schemaMismatch, statement, type Transaction } from '@order-saga/chassis'
import { v7 as uuidv7 } from 'uuid'
import { NotDone } from './stores.ts'
import type { StoreReader } from './store.ts'

export type ActName = 'replay' | 'discard' | 'release' | 'retry_compensation' | 'repair_topology' | 'end_session'

/** A change of stock by the stock API, which the inventory service records in its own database. */
export type StockAct = 'set_stock'

/** The operator and reason of all acts of one command (`runId`). */
export interface Actor {
  readonly runId: string
  readonly operator: string
  readonly reason: string
  readonly now: () => Date
}

export interface Act {
  readonly act: ActName
  readonly subject: string
  /** Queue or database of the subject. */
  readonly place: string
  readonly event?: string | undefined
  readonly sagaId?: string | undefined
  readonly detail: Readonly<Record<string, unknown>>
}

/**
 * An act in the order database: the row of its start, and that of its result. Neither done nor failed: its command stopped
 * before the outcome was recorded.
 */
export interface RecordedAct {
  readonly actId: string
  readonly runId: string
  readonly act: ActName | StockAct
  readonly subject: string
  readonly place: string
  readonly event: string | null
  readonly sagaId: string | null
  readonly operator: string
  readonly reason: string
  readonly startedAt: Date
  readonly completedAt: Date | null
  /** @deprecated the same as `startedAt` and `completedAt` */
  readonly begunAt: Date
  readonly doneAt: Date | null
  readonly failure: string | null
  readonly detail: unknown
}

const expected = { operations: 3 }

// The body of a discarded message is in a table of its own, from which it may have been removed.
const newest = statement(
  'acts-newest',
  `SELECT a.act_id AS "actId", a.run_id AS "runId", a.act, a.subject, a.place, a.event, a.saga_id AS "sagaId", a.operator,
    a.reason, a.begun_at AS "startedAt", coalesce(a.done_at, r.done_at) AS "completedAt", a.begun_at AS "begunAt",
    coalesce(a.done_at, r.done_at) AS "doneAt", coalesce(a.failure, r.failure) AS failure,
    CASE WHEN b.body IS NULL THEN a.detail ELSE a.detail || jsonb_build_object('body', b.body) END AS detail
  FROM operator_acts a LEFT JOIN operator_acts r ON r.result_of = a.act_id
    LEFT JOIN operator_act_bodies b ON b.act_id = a.act_id
  WHERE a.result_of IS NULL AND ($1::text IS NULL OR a.subject = $1 OR a.saga_id::text = $1)
  ORDER BY a.act_id DESC LIMIT $2`,
)

// A trigger chains the rows, and stores the body of `detail` apart.
const insert = statement(
  'acts-begin',
  `INSERT INTO operator_acts (act_id, run_id, act, subject, place, event, saga_id, operator, reason, begun_at, detail)
   SELECT act_id, $2, act, subject, place, event, saga_id, $3, $4, $5, detail
   FROM json_populate_recordset(NULL::operator_acts, $1::json)`,
)
// The first result of an act is kept: it is recorded again when the answer of the database was lost.
const result = statement(
  'acts-result',
  `INSERT INTO operator_acts (act_id, run_id, act, subject, place, event, saga_id, operator, reason, begun_at, done_at, failure,
     result_of)
   SELECT u.id, a.run_id, a.act, a.subject, a.place, a.event, a.saga_id, a.operator, a.reason, $3,
     CASE WHEN $4::text IS NULL THEN $3::timestamptz END, $4, a.act_id
   FROM unnest($1::uuid[], $2::uuid[]) AS u (id, result_of) JOIN operator_acts a ON a.act_id = u.result_of
   ON CONFLICT (result_of) WHERE result_of IS NOT NULL DO NOTHING`,
)

export async function readActs(
  database: StoreReader,
  { about, limit }: { readonly about?: string | undefined; readonly limit: number },
): Promise<RecordedAct[]> {
  return await database.query<RecordedAct>(newest, [about ?? null, limit])
}

const newestStock = statement(
  'stock-changes-newest',
  `SELECT change_id AS "actId", change_id AS "runId", 'set_stock' AS act, sku AS subject, 'inventory database' AS place,
    NULL AS event, NULL AS "sagaId", operator, '' AS reason, changed_at AS "startedAt", changed_at AS "completedAt",
    changed_at AS "begunAt", changed_at AS "doneAt", NULL AS failure,
    json_build_object('before', available_before, 'available', available, 'issuer', issuer) AS detail
  FROM stock_changes WHERE ($1::text IS NULL OR sku = $1) ORDER BY change_id DESC LIMIT $2`,
)

/** Changes of stock by the stock API, as acts: they have no reason, and are complete. */
export async function readStockActs(
  database: StoreReader,
  { about, limit }: { readonly about?: string | undefined; readonly limit: number },
): Promise<RecordedAct[]> {
  return await database.query<RecordedAct>(newestStock, [about ?? null, limit])
}

/** @throws NotDone when the order database has no table for acts */
export async function assertRecordable(database: Database): Promise<void> {
  const why = await schemaMismatch(database, expected)
  if (why !== undefined) throw new NotDone(`Acts cannot be recorded in the order database: ${why}`)
}

/** Records the start of all acts, or of none; returns their ids in the same order. */
export async function beginActs(database: Database, actor: Actor, acts: readonly Act[]): Promise<string[]> {
  const { ids, values } = toRows(actor, acts)
  if (acts.length > 0) await database.query(insert, values)
  return ids
}

/** Records a completed act in the transaction of its change. */
export function recordAct(tx: Transaction, actor: Actor, act: Act): void {
  const { ids, values } = toRows(actor, [act])
  tx.write(insert, values)
  tx.write(result, resultValues(ids, actor.now(), null))
}

export async function actsDone(database: Database, ids: readonly string[], now: Date): Promise<void> {
  if (ids.length > 0) await database.query(result, resultValues(ids, now, null))
}

export async function actFailed(database: Database, id: string, failure: string, now: Date): Promise<void> {
  await database.query(result, resultValues([id], now, failure))
}

function resultValues(ids: readonly string[], now: Date, failure: string | null): unknown[] {
  return [ids.map(() => uuidv7()), ids, now, failure]
}

function toRows({ runId, operator, reason, now }: Actor, acts: readonly Act[]): { ids: string[]; values: unknown[] } {
  const rows = acts.map(({ act, subject, place, event, sagaId, detail }) => ({
    act_id: uuidv7(),
    act,
    subject,
    place,
    event,
    saga_id: sagaId,
    detail,
  }))
  return {
    ids: rows.map((row) => row.act_id),
    values: [storable(JSON.stringify(rows)), runId, operator, reason, now()],
  }
}

/** JSON text without what PostgreSQL cannot store: `JSON.stringify` escapes NUL and surrogates that have no pair. */
function storable(json: string): string {
  return json.replaceAll(/\\(?:u(0000|d[89a-f][0-9a-f]{2})|[^])/g, (escape, code) =>
    code === undefined ? escape : '\\ufffd',
  )
}
