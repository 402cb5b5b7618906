import { DependencyUnavailable } from '../core/errors.ts'
import type { ClientBase } from './pg.ts'

/** A session that holds a lock, or waits in front of the queue for it. */
export interface BlockingSession {
  readonly pid: number
  readonly user: string | null
  readonly application: string | null
  /** Null without the rights of `pg_read_all_stats`. */
  readonly state: string | null
  readonly transactionStart: Date | null
  readonly queryStart: Date | null
}

const sessionsShown = 5

/** `pg_blocking_pids` reports 0 for a prepared transaction, which has no session. */
const blockersOf = `
  SELECT b.pid, a.usename AS "user", NULLIF(a.application_name, '') AS application, a.state,
    a.xact_start AS "transactionStart", a.query_start AS "queryStart"
  FROM (SELECT DISTINCT unnest(pg_blocking_pids($1)) AS pid) b LEFT JOIN pg_stat_activity a USING (pid)
  ORDER BY a.xact_start NULLS LAST, b.pid LIMIT ${sessionsShown}`

/** The sessions that block this server process at the moment. */
export async function readBlockers(client: ClientBase, pid: number): Promise<BlockingSession[]> {
  return (await client.query<BlockingSession>(blockersOf, [pid])).rows
}

/**
 * Another session holds a lock that a transaction needs, and did not release it in all its repetitions. The server is
 * available; the caller waits, as for an unavailable one.
 */
export class BlockedByLock extends DependencyUnavailable {
  readonly statement: string
  readonly blockedBy: readonly BlockingSession[]

  constructor(cause: unknown, blockedBy: readonly BlockingSession[]) {
    super('database', cause)
    this.statement = statementOf(cause)
    this.blockedBy = blockedBy
    this.message = `statement ${this.statement} waits for a lock: lock time-out, blocked by ${sessionsInWords(blockedBy)}`
  }
}

export function statementOf(error: unknown): string {
  const { statement } = (error ?? {}) as { readonly statement?: unknown }
  return typeof statement === 'string' ? statement : 'unknown'
}

export function sessionsInWords(sessions: readonly BlockingSession[]): string {
  if (sessions.length === 0) return 'a session that was not found'
  return sessions.map(inWords).join(', ')
}

function inWords({ pid, user, application, state, transactionStart }: BlockingSession): string {
  if (pid === 0) return 'a prepared transaction'
  const about = [application ?? user ?? 'no application name', state, since(transactionStart)]
  return `pid ${pid} (${about.filter((part) => part !== null).join(', ')})`
}

const since = (start: Date | null): string | null =>
  start === null ? null : `transaction since ${start.toISOString().slice(0, 19)}Z`

/**
 * Reads the sessions that block a transaction while it waits: after the time-out the server no longer knows them. One
 * read at a time, on a connection of its own: those of the pool may all wait for the same lock.
 */
export class LockWatch {
  readonly #read: (pid: number) => Promise<BlockingSession[]>
  readonly #afterMs: number
  #isReading = false

  constructor(read: (pid: number) => Promise<BlockingSession[]>, afterMs: number) {
    this.#read = read
    this.#afterMs = afterMs
  }

  /** Runs the work of a transaction that was blocked before; `found` gets the sessions if it is blocked again. */
  async during<T>(
    client: ClientBase,
    found: (sessions: BlockingSession[]) => void,
    work: () => Promise<T>,
  ): Promise<T> {
    // Documented in pg ("client.processID"), and not among its types.
    const { processID: pid } = client as { readonly processID?: unknown }
    if (typeof pid !== 'number') return await work()
    let reading: Promise<void> | undefined
    const timer = setTimeout(() => {
      if (this.#isReading) return
      this.#isReading = true
      const read = this.#read(pid).then(found, () => undefined)
      reading = read.finally(() => (this.#isReading = false))
    }, this.#afterMs)
    try {
      return await work()
    } finally {
      clearTimeout(timer)
      await reading
    }
  }
}
