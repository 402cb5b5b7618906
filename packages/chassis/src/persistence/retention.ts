import { type Database, statement, type Statement } from './database.ts'

/** One table's clean-up: `text` takes the instant before which rows may go ($1) and how many at once ($2). */
export interface RetentionRule {
  readonly statement: Statement
  readonly keepMs: number
}

/** Rows removed by one statement: small enough to hold no lock and make no pause anybody notices. */
const step = 1_000

/** State is never removed, only what republication and deduplication need for a while. */
export function messagingRetention(outboxMs: number, inboxMs: number): RetentionRule[] {
  return [
    {
      keepMs: outboxMs,
      statement: statement(
        'retention-outbox',
        `DELETE FROM events WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM events WHERE created_at < $1 AND published_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
         RETURNING 1 AS gone`,
      ),
    },
    {
      keepMs: inboxMs,
      statement: statement(
        'retention-inbox',
        `DELETE FROM processed_events WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM processed_events WHERE processed_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
         RETURNING 1 AS gone`,
      ),
    },
  ]
}

/** One pass over all rules, in small steps, until nothing old is left or the signal is aborted. */
export async function cleanUp(
  database: Database,
  rules: readonly RetentionRule[],
  now: Date,
  signal: AbortSignal,
): Promise<void> {
  for (const { statement: remove, keepMs } of rules) {
    const before = new Date(now.getTime() - keepMs)
    let gone = step
    while (gone === step && !signal.aborted) gone = (await database.query(remove, [before, step])).length
  }
}
