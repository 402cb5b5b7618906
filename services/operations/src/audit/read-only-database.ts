import { readFileSync } from 'node:fs'
import { Client, type ClientConfig } from 'pg'
import { type DatabaseSource, SourceUnavailable, type StoreName, storeNames } from '../inspect/stores.ts'

const connectMs = 5_000
/** A lock request that waits behind a migration makes later lock requests wait too. */
const lockMs = 2_000
const networkSlackMs = 5_000

/**
 * One database, read-only. Every read is one statement in its own short transaction, so the audit does not delay VACUUM,
 * and its locks conflict with schema changes only. All settings are local to the transaction, so a connection pooler does
 * not retain them.
 */
export class ReadOnlyDatabase {
  readonly store: StoreName
  readonly #client: Client
  readonly #begin: string
  #last: Promise<unknown> = Promise.resolve()

  private constructor(store: StoreName, client: Client, statementTimeoutMs: number) {
    this.store = store
    this.#client = client
    this.#begin =
      'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ' +
      `SET LOCAL statement_timeout = ${statementTimeoutMs}; SET LOCAL lock_timeout = ${lockMs}`
  }

  /** @throws SourceUnavailable */
  static async connect(
    store: StoreName,
    source: DatabaseSource,
    statementTimeoutMs: number,
  ): Promise<ReadOnlyDatabase> {
    try {
      const { caFile } = source
      const config: ClientConfig = {
        ...loginOf(source),
        application_name: 'order-saga audit',
        connectionTimeoutMillis: connectMs,
        query_timeout: statementTimeoutMs + networkSlackMs,
        keepAlive: true,
        ...(caFile ? { ssl: { ca: readFileSync(caFile, 'utf8'), rejectUnauthorized: true } } : {}),
      }
      const client = new Client(config)
      // A lost connection fails the next read; without a listener it would end the process.
      client.on('error', () => undefined)
      await client.connect()
      return new ReadOnlyDatabase(store, client, statementTimeoutMs)
    } catch (error) {
      throw new SourceUnavailable(store, error)
    }
  }

  /** One statement on one snapshot. Overlapping calls run in sequence. */
  async read<R extends object>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    const run = this.#last.then(() => this.#read<R>(text, values))
    this.#last = run.catch(() => undefined)
    return await run
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => undefined)
  }

  async #read<R extends object>(text: string, values: readonly unknown[]): Promise<R[]> {
    try {
      await this.#client.query(this.#begin)
      const { rows } = await this.#client.query<R>(text, [...values])
      await this.#client.query('COMMIT')
      return rows
    } catch (error) {
      await this.#client.query('ROLLBACK').catch(() => undefined)
      throw new SourceUnavailable(this.store, error)
    }
  }
}

function loginOf(source: DatabaseSource): ClientConfig {
  if ('url' in source) return { connectionString: source.url }
  const { host, port, name, user, password } = source
  return { host, port, database: name, user, password }
}

export type Databases = Readonly<Record<StoreName, ReadOnlyDatabase>>

export async function connectReadOnly(
  sources: Readonly<Record<StoreName, DatabaseSource>>,
  statementTimeoutMs: number,
): Promise<Databases> {
  const attempts = await Promise.allSettled(
    storeNames.map((store) => ReadOnlyDatabase.connect(store, sources[store], statementTimeoutMs)),
  )
  const connected = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
  const failed = attempts.find((attempt) => attempt.status === 'rejected')
  if (failed !== undefined) {
    await Promise.all(connected.map((database) => database.close()))
    throw failed.reason
  }
  return Object.fromEntries(connected.map((database) => [database.store, database])) as unknown as Databases
}

export function* chunks<T>(values: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < values.length; at += size) yield values.slice(at, at + size)
}

/**
 * The events that the table of this database does not hold. `processed_events` is searched by id alone: the consumer's
 * name is its queue's, which the platform may have renamed.
 */
export async function eventsMissingIn(
  database: ReadOnlyDatabase,
  table: 'events' | 'processed_events',
  eventIds: readonly string[],
): Promise<string[]> {
  if (eventIds.length === 0) return []
  const missing = `SELECT event_id AS "eventId" FROM unnest($1::uuid[]) AS wanted (event_id)
    WHERE NOT EXISTS (SELECT FROM ${table} t WHERE t.event_id = wanted.event_id)`
  return (await database.read<{ eventId: string }>(missing, [eventIds])).map(({ eventId }) => eventId)
}
