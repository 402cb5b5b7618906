import { v7 as uuidv7 } from 'uuid'
import { type Database, statement, type Transaction } from './database.ts'
import { schemaMismatch } from './schema.ts'

export type ActName = 'replay' | 'discard' | 'release' | 'retry_compensation'

/** Who acts and why, and the run all acts of one command have in common. */
export interface Actor {
  readonly runId: string
  readonly operator: string
  readonly reason: string
  readonly now: () => Date
}

/** One change, to be recorded before it is made. */
export interface Act {
  readonly act: ActName
  readonly subject: string
  /** The queue or database the subject was found in. */
  readonly place: string
  readonly event?: string | undefined
  readonly sagaId?: string | undefined
  readonly detail: Readonly<Record<string, unknown>>
}

const expected = { operations: 1 }

const insert = statement(
  'acts-begin',
  `INSERT INTO operator_acts (act_id, run_id, act, subject, place, event, saga_id, operator, reason, begun_at, detail)
   SELECT act_id, $2, act, subject, place, event, saga_id, $3, $4, $5, detail
   FROM json_populate_recordset(NULL::operator_acts, $1::json)`,
)
const done = statement('acts-done', 'UPDATE operator_acts SET done_at = $2 WHERE act_id = ANY($1::uuid[])')
const failed = statement('acts-failed', 'UPDATE operator_acts SET failure = $2 WHERE act_id = $1')

/** Why the acts cannot be recorded in this database; undefined when they can. */
export async function unrecordable(database: Database): Promise<string | undefined> {
  return await schemaMismatch(database, expected)
}

/** Records that the acts begin, all or none; returns their ids, in their order. */
export async function beginActs(database: Database, actor: Actor, acts: readonly Act[]): Promise<string[]> {
  const { ids, values } = toRows(actor, acts)
  if (acts.length > 0) await database.query(insert, values)
  return ids
}

/** Records an act in the transaction of the change itself, begun and done at once. */
export function recordAct(tx: Transaction, actor: Actor, act: Act): void {
  const { ids, values } = toRows(actor, [act])
  tx.write(insert, values)
  tx.write(done, [ids, actor.now()])
}

export async function actsDone(database: Database, ids: readonly string[], now: Date): Promise<void> {
  if (ids.length > 0) await database.query(done, [ids, now])
}

export async function actFailed(database: Database, id: string, failure: string): Promise<void> {
  await database.query(failed, [id, failure])
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
  return { ids: rows.map((row) => row.act_id), values: [JSON.stringify(rows), runId, operator, reason, now()] }
}
