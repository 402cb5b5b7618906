import { Database, DependencyUnavailable, type Log, type Statement } from '@order-saga/chassis'
import type { QueueNames } from '@order-saga/contracts'
import type { OpenBreaker } from '@order-saga/order'
import type { ChannelModel } from 'amqplib'
import { addressOf, type DatabaseSource, type Login, SourceUnavailable, type StoreName } from './stores.ts'

/** @throws SourceUnavailable */
export type StoreReader = Pick<Database, 'query'>

/** Enough for the concurrent statements of one read; few operators work at a time. */
const poolMax = 4

/**
 * The database of a service for operators: `query` uses read-only sessions, `change` and `preview` can write, each with a
 * login of its own if there is one. It connects at the first use and replaces lost connections.
 */
export class Store implements StoreReader {
  readonly #store: StoreName
  readonly #readOnly: Database
  readonly #writable: Database
  readonly #previewing: Database
  /** Whether previews have the rights of the service itself. */
  readonly previewsAsService: boolean
  #verified: Promise<void> | undefined

  constructor({
    store,
    source,
    operator,
    runtime,
    program,
    log,
  }: {
    readonly store: StoreName
    readonly source: DatabaseSource
    /** Who writes; the user of `source` unless given. */
    readonly operator?: Login | undefined
    /** Who previews; the operator unless given. */
    readonly runtime?: Login | undefined
    /** Part of `application_name`. */
    readonly program: string
    readonly log: Log
  }) {
    const options = { ...addressOf(source), poolMax, applicationName: `order-saga ${program}`, log }
    this.#store = store
    this.#readOnly = new Database({ ...options, readOnly: true })
    this.#writable = new Database({ ...options, ...operator })
    this.#previewing = runtime === undefined ? this.#writable : new Database({ ...options, ...runtime })
    this.previewsAsService = runtime !== undefined
  }

  async query<R extends object>(sql: Statement, values?: readonly unknown[]): Promise<R[]> {
    return await this.#named(async () => await this.#readOnly.query<R>(sql, values))
  }

  async change<T>(work: (database: Database) => Promise<T>): Promise<T> {
    return await this.#named(async () => await work(this.#writable))
  }

  /** For work that is rolled back. */
  async preview<T>(work: (database: Database) => Promise<T>): Promise<T> {
    return await this.#named(async () => await work(this.#previewing))
  }

  async close(): Promise<void> {
    await Promise.all([...new Set([this.#readOnly, this.#writable, this.#previewing])].map((each) => each.close()))
  }

  async #named<T>(work: () => Promise<T>): Promise<T> {
    try {
      await (this.#verified ??= this.#readOnly.verifySessions())
      return await work()
    } catch (error) {
      this.#verified = undefined
      throw error instanceof DependencyUnavailable ? new SourceUnavailable(this.#store, error.cause) : error
    }
  }
}

export interface InspectSources {
  readonly databases: Readonly<Record<StoreName, StoreReader>>
  /** @throws DependencyUnavailable */
  readonly broker: () => Promise<ChannelModel>
  readonly queues: QueueNames
  /** The bindings of the exchange as `queue routing-key`; undefined where the management API cannot be read. */
  readonly bindings?: () => Promise<ReadonlySet<string> | undefined>
  /** The open circuit breakers of the services whose metrics can be read. */
  readonly breakers?: () => Promise<readonly OpenBreaker[]>
  readonly now: () => Date
}
