import { readFileSync } from 'node:fs'
import { Pool, type PoolClient, type PoolConfig, type QueryConfig, type QueryResult, types } from 'pg'
import { DependencyUnavailable, messageOf } from '../runtime/errors.ts'
import type { Log } from '../runtime/log.ts'
import { asDatabaseError, isLostRace, isRepeatable } from './sql-errors.ts'

// bigint: what we count stays far below 2^53.
types.setTypeParser(types.builtins.INT8, Number)

/** Where a database is, and who logs in. */
export interface DatabaseAddress {
  readonly host: string
  readonly port: number
  readonly name: string
  readonly user: string
  readonly password: string
  /** File with the certificate of the authority that signed the server's; empty for no TLS. Read at each connect: it is renewed. */
  readonly caFile: string
}

export interface DatabaseOptions extends DatabaseAddress {
  readonly poolMax: number
  readonly applicationName: string
  readonly log: Log
  readonly createPool?: (config: PoolConfig) => Pool
}

/** SQL text with a name: prepared once per connection, and the name is what shows in a stack of errors. */
export interface Statement {
  readonly name: string
  readonly text: string
}

export const statement = (name: string, text: string): Statement => ({ name, text })

/** Gives up whatever the server or the network keeps us waiting for. */
const limits = { connectMs: 3_000, statementMs: 5_000, lockMs: 2_000, idleInTransactionMs: 10_000, queryMs: 8_000 }
const longestLifeSeconds = 1_800
const repetitions = 6

/**
 * An open transaction. `query` waits for its rows; `write` does not wait: it is sent at once, checked together with the
 * commit, and so a batch of writes and its commit cost one round trip.
 */
export class Transaction {
  readonly #client: PoolClient
  #failure: unknown

  constructor(client: PoolClient) {
    this.#client = client
  }

  async query<R extends object>(sql: Statement, values: readonly unknown[] = []): Promise<R[]> {
    const result = await this.#send<R>({ ...sql, values: [...values] })
    return result.rows
  }

  write(sql: Statement, values: readonly unknown[] = []): void {
    this.#send({ ...sql, values: [...values] }).catch(() => undefined)
  }

  /** Must be called by `Database.transaction` alone. */
  async commit(): Promise<void> {
    const { command } = await this.#send({ text: 'COMMIT' })
    // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK, and no error.
    if (command !== 'COMMIT') throw this.#failure ?? new Error(`the transaction ended in ${command}`)
  }

  /** Answers come in order, so the first error is the cause; all later ones only say that the transaction has failed. */
  async #send<R extends object>(sql: QueryConfig): Promise<QueryResult<R>> {
    try {
      return await this.#client.query<R>(sql)
    } catch (error) {
      this.#failure ??= error
      throw this.#failure
    }
  }
}

/**
 * The pool of one database. Every error it throws that tells of the server or the network is a `DependencyUnavailable`;
 * the connection it happened on is not used again. A lost server never ends the process: connections are made anew.
 */
export class Database {
  readonly #pool: Pool
  readonly #log: Log

  constructor(options: DatabaseOptions) {
    this.#log = options.log
    const config: PoolConfig = {
      host: options.host,
      port: options.port,
      database: options.name,
      user: options.user,
      password: options.password,
      application_name: options.applicationName,
      max: options.poolMax,
      min: 0,
      pipeline: true,
      keepAlive: true,
      connectionTimeoutMillis: limits.connectMs,
      idleTimeoutMillis: 60_000,
      // Jitter, so that the connections of all pods are not renewed at the same moment.
      maxLifetimeSeconds: Math.round(longestLifeSeconds * (0.8 + Math.random() * 0.4)),
      statement_timeout: limits.statementMs,
      lock_timeout: limits.lockMs,
      idle_in_transaction_session_timeout: limits.idleInTransactionMs,
      query_timeout: limits.queryMs,
      ...(options.caFile === '' ? {} : { ssl: trusting(options.caFile) }),
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

  /** One statement in a transaction of its own. */
  async query<R extends object>(sql: Statement, values: readonly unknown[] = []): Promise<R[]> {
    return await this.#withClient(async (client) => {
      const result = await client.query<R>({ ...sql, values: [...values] })
      return result.rows
    })
  }

  /**
   * Runs `work` in a transaction and commits it. When PostgreSQL asks for it (serialization failure, deadlock, lock
   * limit) all of it runs again, so `work` must have no effect outside the transaction.
   * @throws DependencyUnavailable also when the connection was lost during COMMIT: the outcome is then unknown
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let repetition = 1; ; repetition += 1) {
      try {
        return await this.#withClient(async (client) => {
          // Not awaited: it travels with the first statement.
          const begin = client.query('BEGIN')
          begin.catch(() => undefined)
          const tx = new Transaction(client)
          try {
            const result = await work(tx)
            await tx.commit()
            return result
          } catch (error) {
            await client.query('ROLLBACK').catch(() => undefined)
            throw error
          }
        })
      } catch (error) {
        const again = isRepeatable(error) || error instanceof RepeatTransaction
        if (!again || (isLostRace(error) && repetition >= repetitions)) throw error
        if (repetition >= repetitions) throw new DependencyUnavailable('database', error)
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * repetition))
      }
    }
  }

  async close(): Promise<void> {
    await this.#pool.end()
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
      throw known
    } finally {
      // A connection in doubt is not used again, nor one that has a transaction open after all.
      client.release(known instanceof DependencyUnavailable || client.getTransactionStatus() !== 'I')
    }
  }
}

/** TLS that trusts one authority. pg reads `ca` at each connect; a file that is just being replaced must not throw there. */
function trusting(caFile: string): { readonly ca: string; readonly rejectUnauthorized: true } {
  let ca = readFileSync(caFile, 'utf8')
  return {
    rejectUnauthorized: true,
    get ca() {
      try {
        ca = readFileSync(caFile, 'utf8')
      } catch {
        // The one read before is still good, or the handshake says that it is not.
      }
      return ca
    },
  }
}

/** Thrown inside a transaction to have all of it done again on a newer view of the data. */
export class RepeatTransaction extends Error {
  override readonly name = 'RepeatTransaction'
}
