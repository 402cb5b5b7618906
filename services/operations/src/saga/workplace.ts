import { Database, DependencyUnavailable, messageOf } from '@order-saga/chassis'
import { connectReadOnly, type Databases } from '../audit/read-only-database.ts'
import { type StoreName, storeNames } from '../audit/sources.ts'
import { auditSources } from '../audit-config.ts'
import type { SagaConfig } from '../saga-config.ts'
import { brokerTrouble, MessageBroker } from './dead-letters/message-broker.ts'
import { quietLog } from './quiet-log.ts'
import { NotDone } from './result.ts'

const variable = (store: StoreName): string => `${store.toUpperCase()}_DB_URL`

/** What a subcommand works with: each server is connected to when it is first needed, and left at the end. */
export class Workplace {
  readonly config: SagaConfig
  readonly now: () => Date
  /** Tells people how far it is; never part of the result. */
  readonly progress: (line: string) => void
  /** Aborted when the user has had enough: what is begun is brought to its end, nothing new is begun. */
  readonly signal: AbortSignal
  #readOnly: Databases | undefined
  #broker: MessageBroker | undefined
  readonly #writable = new Map<StoreName, Database>()

  constructor(options: { config: SagaConfig; now: () => Date; progress: (line: string) => void; signal: AbortSignal }) {
    this.config = options.config
    this.now = options.now
    this.progress = options.progress
    this.signal = options.signal
  }

  /** All three databases, to be read. */
  async databases(): Promise<Databases> {
    return (this.#readOnly ??= await this.reading(() =>
      connectReadOnly(auditSources(this.config), this.config.statementTimeoutMs),
    ))
  }

  /** Runs work that only reads. @throws NotDone naming the database that is in trouble and its setting */
  async reading<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      // As the audit's readers name what is in trouble.
      const [, place, reason = ''] = /^the (broker|\w+ database): (.*)$/s.exec(messageOf(error)) ?? []
      if (place === 'broker') throw brokerTrouble(reason)
      const store = storeNames.find((name) => place === `${name} database`)
      throw store === undefined ? error : databaseTrouble(store, reason)
    }
  }

  /** Runs work on one database with a service's own means. @throws NotDone naming the database and its setting */
  async using<T>(store: StoreName, work: (database: Database) => Promise<T>): Promise<T> {
    try {
      return await work(this.#database(store))
    } catch (error) {
      if (!(error instanceof DependencyUnavailable)) throw error
      throw databaseTrouble(store, messageOf(error.cause))
    }
  }

  async broker(): Promise<MessageBroker> {
    return (this.#broker ??= await MessageBroker.connect(this.config.rabbitmqUrl))
  }

  async close(): Promise<void> {
    await Promise.all([
      ...storeNames.map((store) => this.#readOnly?.[store].close()),
      ...[...this.#writable.values()].map((database) => database.close()),
      this.#broker?.close(),
    ])
  }

  #database(store: StoreName): Database {
    const known = this.#writable.get(store)
    if (known !== undefined) return known
    const url = new URL(this.config[`${store}DbUrl`])
    const database = new Database({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? 5432 : Number(url.port),
      name: decodeURIComponent(url.pathname.slice(1)),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      caFile: this.config[`${store}DbCaFile`],
      poolMax: 2,
      applicationName: 'order-saga saga',
      log: quietLog,
    })
    this.#writable.set(store, database)
    return database
  }
}

function databaseTrouble(store: StoreName, reason: string): NotDone {
  return new NotDone(`The ${store} database cannot be used: ${reason.replace(/\.$/, '')}; check ${variable(store)}.`)
}
