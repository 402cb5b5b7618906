import { Database, type DatabaseAddress, DependencyUnavailable, type Log, type Statement } from '@order-saga/chassis'
import type { QueueNames } from '@order-saga/contracts'
import type { ChannelModel } from 'amqplib'
import { Pool } from 'pg'
import { type DatabaseSource, type DatabaseUrl, SourceUnavailable, type StoreName } from './stores.ts'

/** @throws SourceUnavailable */
export type StoreReader = Pick<Database, 'query'>

/** Enough for the concurrent statements of one read; few operators work at a time. */
const poolMax = 4

/**
 * The database of a service for operators: `query` uses read-only sessions, only `change` can write. It connects at the
 * first use and replaces lost connections.
 */
export class Store implements StoreReader {
  readonly #store: StoreName
  readonly #readOnly: Database
  readonly #writable: Database

  /** @param program part of `application_name` */
  constructor(store: StoreName, source: DatabaseSource, program: string, log: Log) {
    const address = 'url' in source ? addressIn(source) : source
    const options = { ...address, poolMax, applicationName: `order-saga ${program}`, log }
    this.#store = store
    this.#readOnly = new Database({
      ...options,
      createPool: (config) => new Pool({ ...config, options: `${config.options} -c default_transaction_read_only=on` }),
    })
    this.#writable = new Database(options)
  }

  async query<R extends object>(sql: Statement, values?: readonly unknown[]): Promise<R[]> {
    return await this.#named(this.#readOnly.query<R>(sql, values))
  }

  async change<T>(work: (database: Database) => Promise<T>): Promise<T> {
    return await this.#named(work(this.#writable))
  }

  async close(): Promise<void> {
    await Promise.all([this.#readOnly.close(), this.#writable.close()])
  }

  async #named<T>(result: Promise<T>): Promise<T> {
    return await result.catch((error: unknown) => {
      throw error instanceof DependencyUnavailable ? new SourceUnavailable(this.#store, error.cause) : error
    })
  }
}

function addressIn({ url, caFile = '' }: DatabaseUrl): DatabaseAddress {
  const { hostname, port, pathname, username, password } = new URL(url)
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 5432 : Number(port),
    name: decodeURIComponent(pathname.slice(1)),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    caFile,
  }
}

export interface InspectSources {
  readonly databases: Readonly<Record<StoreName, StoreReader>>
  /** @throws DependencyUnavailable */
  readonly broker: () => Promise<ChannelModel>
  readonly queues: QueueNames
  readonly now: () => Date
}
