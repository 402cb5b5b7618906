import { connectionConfig, openSession, verifySessions } from '@order-saga/chassis'
import type { Client } from 'pg'
import { addressOf, type DatabaseSource, SourceUnavailable, type StoreName, storeNames } from '../inspect/stores.ts'

const connectMs = 5_000
/** A lock request that waits behind a migration makes later lock requests wait too. */
const lockMs = 2_000
const networkSlackMs = 5_000

/**
 * One database, read-only. Every read is one statement in its own short transaction, so the audit does not delay VACUUM,
 * and its locks conflict with schema changes only.
 */
export class ReadOnlyDatabase {
  readonly store: StoreName
  readonly #client: Client
  #last: Promise<unknown> = Promise.resolve()

  private constructor(store: StoreName, client: Client) {
    this.store = store
    this.#client = client
  }

  /** @throws SourceUnavailable */
  static async connect(
    store: StoreName,
    source: DatabaseSource,
    statementTimeoutMs: number,
  ): Promise<ReadOnlyDatabase> {
    const opened: Client[] = []
    try {
      const address = addressOf(source)
      const config = {
        ...connectionConfig(address, 'order-saga audit', connectMs),
        query_timeout: statementTimeoutMs + networkSlackMs,
      }
      const session = {
        statement_timeout: statementTimeoutMs,
        lock_timeout: lockMs,
        default_transaction_read_only: 'on',
      }
      for (let i = 0; i < 2; i += 1) opened.push(await openSession(config, session, connectMs))
      const [client, other] = opened as [Client, Client]
      await verifySessions(`${address.host}:${address.port}`, client, other)
      await other.end()
      return new ReadOnlyDatabase(store, client)
    } catch (error) {
      await Promise.all(opened.map((client) => client.end().catch(() => undefined)))
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
      return (await this.#client.query<R>(text, [...values])).rows
    } catch (error) {
      throw new SourceUnavailable(this.store, error)
    }
  }
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
