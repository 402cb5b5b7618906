import type { ReadOnlyDatabase } from '../../audit/read-only-database.ts'
import type { Result } from '../result.ts'
import { counted, instant, table } from '../table.ts'

export interface RecordedAct {
  readonly actId: string
  readonly runId: string
  readonly act: string
  readonly subject: string
  readonly place: string
  readonly event: string | null
  readonly sagaId: string | null
  readonly operator: string
  readonly reason: string
  readonly begunAt: Date
  readonly doneAt: Date | null
  readonly failure: string | null
  readonly detail: unknown
}

const columns = `act_id AS "actId", run_id AS "runId", act, subject, place, event, saga_id AS "sagaId", operator, reason,
  begun_at AS "begunAt", done_at AS "doneAt", failure, detail`
const newest = `SELECT ${columns} FROM operator_acts
  WHERE ($1::text IS NULL OR subject = $1 OR saga_id::text = $1) ORDER BY act_id DESC LIMIT $2`

/** The newest acts, of one subject or saga if given. */
export async function readActs(
  database: ReadOnlyDatabase,
  { about, limit }: { about?: string | undefined; limit: number },
): Promise<RecordedAct[]> {
  return await database.read<RecordedAct>(newest, [about ?? null, limit])
}

export async function listActs(
  database: ReadOnlyDatabase,
  options: { about?: string | undefined; limit: number },
): Promise<Result> {
  const acts = await readActs(database, options)
  const rows = acts.map((act) => [
    instant(act.begunAt),
    act.operator,
    act.act,
    act.event ?? '-',
    act.subject,
    act.place,
    endOf(act),
    act.reason,
  ])
  return {
    items: acts,
    summary: { shown: acts.length },
    text: [
      table(['AT', 'BY', 'ACT', 'EVENT', 'SUBJECT', 'PLACE', 'END', 'REASON'], rows),
      counted(acts.length, 'act'),
    ].join('\n'),
    wrong: false,
  }
}

function endOf({ doneAt, failure }: RecordedAct): string {
  if (failure !== null) return `failed: ${failure}`
  return doneAt === null ? 'cut off' : 'done'
}
