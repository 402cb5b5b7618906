import { type Database, statement } from '@order-saga/chassis'
import type { StoreReader } from './store.ts'

/** A session that blocks others now, or whose open transaction holds locks on rows for longer than a second. */
export interface LockSession {
  readonly pid: number
  readonly user: string | null
  readonly application: string | null
  readonly client: string | null
  /** Null without the right to see it (`pg_read_all_stats`), as the times and the SQL. */
  readonly state: string | null
  readonly transactionSince: Date | null
  readonly querySince: Date | null
  readonly query: string | null
  readonly backendStart: Date | null
  /** The sessions that wait for it now: process id and application name. */
  readonly blocks: readonly string[]
}

/** Services wait at most 2 s for a lock, so they wait at most moments of a longer one. */
const holdsFor = `interval '1 second'`

const sessions = statement(
  'lock-sessions',
  `SELECT a.pid, a.usename AS "user", NULLIF(a.application_name, '') AS application, host(a.client_addr) AS client, a.state,
     a.xact_start AS "transactionSince", a.query_start AS "querySince", left(a.query, 200) AS query,
     a.backend_start AS "backendStart",
     ARRAY(SELECT w.pid || ' (' || w.application_name || ')' FROM pg_stat_activity w
       WHERE w.wait_event_type = 'Lock' AND a.pid = ANY(pg_blocking_pids(w.pid)) ORDER BY w.pid) AS blocks
   FROM pg_stat_activity a
   WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend' AND (
     EXISTS (SELECT FROM pg_stat_activity w WHERE w.wait_event_type = 'Lock' AND a.pid = ANY(pg_blocking_pids(w.pid)))
     OR a.xact_start < clock_timestamp() - ${holdsFor} AND EXISTS (SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
       WHERE l.pid = a.pid AND l.granted AND l.mode NOT IN ('AccessShareLock') AND c.relkind IN ('r', 'p')
         AND c.relnamespace = 'public'::regnamespace))
   ORDER BY a.xact_start NULLS LAST, a.pid`,
)
/** Only the same session: its process id may belong to another one by now. */
const end = statement(
  'lock-session-end',
  `SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
   WHERE pid = $1 AND datname = current_database() AND backend_type = 'client backend'
     AND ($2::timestamptz IS NULL OR date_trunc('milliseconds', backend_start) = $2::timestamptz)`,
)

const visibility = statement(
  'lock-sessions-visibility',
  `SELECT current_user::text AS "user", pg_has_role('pg_read_all_stats', 'USAGE') AS "seesAll"`,
)

/** The user that reads, if it sees of other roles' sessions neither times nor SQL, nor whether they hold a lock. */
export async function readLimitedUser(database: StoreReader): Promise<string | undefined> {
  const [row] = await database.query<{ user: string; seesAll: boolean }>(visibility)
  return row?.seesAll === false ? row.user : undefined
}

export async function readLockSessions(database: StoreReader): Promise<LockSession[]> {
  return await database.query<LockSession>(sessions)
}

/** Ends a session; its transaction is rolled back. @returns false if it had ended */
export async function endSession(database: Database, { pid, backendStart }: LockSession): Promise<boolean> {
  const [row] = await database.query<{ ended: boolean }>(end, [pid, backendStart])
  return row?.ended ?? false
}
