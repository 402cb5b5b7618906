import { DependencyUnavailable, messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { connectionConfig, type DatabaseAddress } from './connection.ts'
import { type ClientBase, Pool, type PoolClient, type PoolConfig, type Submittable, types } from './pg.ts'
import { BlockedByLock, type BlockingSession, LockWatch, readBlockers, statementOf } from './lock-wait.ts'
import { establishSession, openSession, type SessionSettings, verifySessions } from './session.ts'
import { asDatabaseError, isLockTimeout, isLostRace, isRepeatable, UnconfirmedCommit } from './sql-errors.ts'
import { type Answer, StatementBatch } from './statement-batch.ts'

// bigint: what we count stays far below 2^53.
types.setTypeParser(types.builtins.INT8, Number)

export interface DatabaseOptions extends DatabaseAddress {
  readonly poolMax: number
  readonly applicationName: string
  /** No statement can change the database. */
  readonly readOnly?: boolean
  readonly log: Log
  /** Those of `databaseLimits` unless given. */
  readonly limits?: DatabaseLimits
  /** Called for each lock time-out of a transaction, with the sessions that blocked it as far as they were found. */
  readonly onLockTimeout?: (statement: string, blockedBy: readonly BlockingSession[]) => void
  readonly createPool?: (config: PoolConfig) => Pool
}

/** SQL text with a name: prepared once per connection, and the name is what shows in a stack of errors. */
export interface Statement {
  readonly name: string
  readonly text: string
}

export const statement = (name: string, text: string): Statement => ({ name, text })

/** How long the server or the network is waited for. */
export const databaseLimits = {
  /** For a connection, be it a new one or one of the pool. */
  connectMs: 3_000,
  /** The server's own limits of a statement, a lock, and a pause within a transaction. */
  statementMs: 5_000,
  lockMs: 2_000,
  idleInTransactionMs: 10_000,
  /** For an answer; longer than `statementMs`, so that it is the server that ends a slow statement. */
  queryMs: 8_000,
}
export type DatabaseLimits = Readonly<typeof databaseLimits>
/**
 * A prepared statement keeps the plan it got when the connection was young, and to read the whole of a table is the best
 * plan while that is small. All that a service does again and again goes by an index to a bounded number of rows, so it is
 * planned as for the table it will be; what has no index is read as a whole all the same.
 */
const planning: SessionSettings = {
  // Planned once: with the settings below no value changes the plan. Otherwise statements with arrays are planned at each
  // execution, because a generic plan seems to be dearer (PostgreSQL manual, plan_cache_mode).
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_nestloop: 'on',
  enable_indexscan: 'on',
  enable_indexonlyscan: 'on',
  enable_bitmapscan: 'on',
}
const longestLifeSeconds = 1_800
/** Of the read of blocking sessions. It starts at half of the lock time-out, so that the sessions still block. */
const lockWatchMs = 500
const repetitions = 6

/**
 * An open transaction. `query` waits for its rows; `write` does not wait: it is sent with the next query or the commit, and
 * checked together with it. So a transaction that reads and then writes costs two round trips, and one that only writes
 * costs one, without BEGIN and COMMIT: the server commits at the Sync that ends its statements, or carries out none of them
 * (PostgreSQL manual, Message Flow, Pipelining).
 */
export class Transaction {
  readonly #client: PoolClient
  readonly #queryMs: number
  #batch: StatementBatch
  #last: Promise<Answer> | undefined
  #isOpen = false
  #sendDue = false
  #failure: unknown

  constructor(client: PoolClient, queryMs: number) {
    this.#client = client
    this.#queryMs = queryMs
    this.#batch = new StatementBatch(queryMs)
  }

  /** Whether a BEGIN was sent. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  async query<R extends object>(sql: Statement, values: readonly unknown[] = []): Promise<R[]> {
    const answer = this.#add(sql, values, true)
    if (!this.#sendDue) {
      this.#sendDue = true
      queueMicrotask(() => {
        // Unless a commit of the same turn has sent it.
        if (!this.#sendDue) return
        if (!this.#isOpen) this.#batch.beginWith(begin)
        this.#isOpen = true
        this.#send()
      })
    }
    return (await answer).rows as R[]
  }

  write(sql: Statement, values: readonly unknown[] = []): void {
    this.#add(sql, values, false).catch(() => undefined)
  }

  /** Must be called by `Database.transaction` alone. */
  async commit(): Promise<void> {
    // Also of a statement that could not even be sent.
    if (this.#failure !== undefined) throw this.#failure
    const answer = this.#isOpen ? this.#add(commit, [], false) : this.#last
    if (answer === undefined) return
    this.#send()
    const { command } = await answer
    // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK, and no error.
    if (this.#isOpen && command !== 'COMMIT') throw new Error(`the transaction ended in ${command}`)
  }

  /** The first error is the cause; all later ones only say that the transaction has failed. */
  async #add(sql: Statement, values: readonly unknown[], wantsRows: boolean): Promise<Answer> {
    try {
      this.#last = this.#batch.add(sql, values, wantsRows)
      return await this.#last
    } catch (error) {
      this.#failure ??= error
      throw this.#failure
    }
  }

  #send(): void {
    this.#sendDue = false
    const batch = this.#batch
    this.#batch = new StatementBatch(this.#queryMs)
    this.#client.query(batch as unknown as Submittable)
  }
}

const begin = statement('begin', 'BEGIN')
const commit = statement('commit', 'COMMIT')
const rollback = statement('rollback', 'ROLLBACK')

/**
 * The pool of one database. Every error of the server or the network is a `DependencyUnavailable`, a commit that was not
 * replicated as configured too; the connection it happened on is not used again. A lost server never ends the process: connections are made anew.
 */
export class Database {
  readonly #pool: Pool
  readonly #log: Log
  readonly #limits: DatabaseLimits
  readonly #server: string
  readonly #lockWatch: LockWatch | undefined
  readonly #onLockTimeout: DatabaseOptions['onLockTimeout']

  constructor(options: DatabaseOptions) {
    this.#log = options.log
    this.#onLockTimeout = options.onLockTimeout
    this.#server = `${options.host}:${options.port}`
    this.#limits = options.limits ?? databaseLimits
    const limits = this.#limits
    const session: SessionSettings = {
      ...planning,
      statement_timeout: limits.statementMs,
      lock_timeout: limits.lockMs,
      idle_in_transaction_session_timeout: limits.idleInTransactionMs,
      default_transaction_read_only: options.readOnly === true ? 'on' : 'off',
    }
    // The pool waits for the promise, which its types do not mention.
    const hooks = { onConnect: (client: ClientBase) => establishSession(client, session, limits.connectMs) }
    const config: PoolConfig = {
      ...connectionConfig(options, options.applicationName, limits.connectMs),
      ...hooks,
      max: options.poolMax,
      min: 0,
      idleTimeoutMillis: 60_000,
      // Jitter, so that the connections of all pods are not renewed at the same moment.
      maxLifetimeSeconds: Math.round(longestLifeSeconds * (0.8 + Math.random() * 0.4)),
    }
    if (options.createPool === undefined) {
      const watching = connectionConfig(options, `${options.applicationName} lock watch`, lockWatchMs)
      this.#lockWatch = new LockWatch(async (pid) => {
        const client = await openSession(watching, { statement_timeout: lockWatchMs }, lockWatchMs)
        try {
          return await readBlockers(client, pid)
        } finally {
          await client.end().catch(() => undefined)
        }
      }, limits.lockMs / 2)
    }
    this.#pool = options.createPool?.(config) ?? new Pool(config)
    // Without these two a connection that dies, idle in the pool or in use, ends the process.
    this.#pool.on('error', (error) =>
      this.#log.warn({ reason: messageOf(error) }, 'an idle database connection was lost'),
    )
    this.#pool.on('connect', (client) => client.on('error', () => undefined))
  }

  /** Connections in use, idle, and requests waiting for one. */
  get poolState(): { total: number; idle: number; waiting: number } {
    return { total: this.#pool.totalCount, idle: this.#pool.idleCount, waiting: this.#pool.waitingCount }
  }

  /**
   * Verifies that sessions keep their settings and prepared statements, on two connections.
   * @throws DependencyUnavailable with an `UnusableSession` as its cause when they do not
   */
  async verifySessions(): Promise<void> {
    await this.#withClient((one) => this.#withClient((other) => verifySessions(this.#server, one, other)))
  }

  /** One statement in a transaction of its own. */
  async query<R extends object>(sql: Statement, values: readonly unknown[] = []): Promise<R[]> {
    return await this.#withClient(async (client) => {
      return (await this.#send(client, sql, values)).rows as R[]
    })
  }

  /**
   * Runs `work` in a transaction and commits it. When PostgreSQL requires it (serialization failure, deadlock, lock
   * limit) all of it runs again, so `work` must have no effect outside the transaction.
   * @throws DependencyUnavailable also when the connection was lost during the commit, or PostgreSQL sent a WARNING with it:
   * the outcome is then unknown; BlockedByLock, which names the blocking sessions, after the last repetition
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    let [wasBlocked, blockedBy]: [boolean, BlockingSession[]] = [false, []]
    const found = (sessions: BlockingSession[]): void => void (sessions.length > 0 && (blockedBy = sessions))
    for (let repetition = 1; ; repetition += 1) {
      try {
        return await this.#withClient(async (client) => {
          const tx = new Transaction(client, this.#limits.queryMs)
          const attempt = async (): Promise<T> => {
            const result = await work(tx)
            await tx.commit()
            return result
          }
          try {
            if (!wasBlocked || this.#lockWatch === undefined) return await attempt()
            return await this.#lockWatch.during(client, found, attempt)
          } catch (error) {
            if (tx.isOpen) await this.#send(client, rollback).catch(() => undefined)
            throw error
          }
        })
      } catch (error) {
        wasBlocked = isLockTimeout(error)
        if (wasBlocked) this.#onLockTimeout?.(statementOf(error), blockedBy)
        if (!isRepeatable(error) || (isLostRace(error) && repetition >= repetitions)) throw error
        if (repetition >= repetitions) {
          throw wasBlocked ? new BlockedByLock(error, blockedBy) : new DependencyUnavailable('database', error)
        }
        // A lost race is over.
        if (!isLostRace(error)) await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * repetition))
      }
    }
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  async #send(client: PoolClient, sql: Statement, values: readonly unknown[] = []): Promise<Answer> {
    const batch = new StatementBatch(this.#limits.queryMs)
    const answer = batch.add(sql, values, true)
    client.query(batch as unknown as Submittable)
    return await answer
  }

  async #withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    let client: PoolClient
    try {
      client = await this.#pool.connect()
    } catch (error) {
      throw asDatabaseError(error)
    }
    let known: unknown
    try {
      return await work(client)
    } catch (error) {
      known = asDatabaseError(error)
      if (error instanceof UnconfirmedCommit) {
        this.#log.error({ reason: error.message }, 'a commit may be lost by a failover: it was not replicated')
      }
      throw known
    } finally {
      // A connection in doubt is not used again, nor one that has a transaction open after all.
      client.release(known instanceof DependencyUnavailable || client.getTransactionStatus() !== 'I')
    }
  }
}
