import type { Client } from 'pg'
import { Databases, type Store, stores } from '../support/databases.ts'

type PerStore<T> = Readonly<Record<Store, T>>

/** Sessions held ready, so that none has to be opened in the middle of a run. */
const sessions = 24

/** Queries for rows that are not final, by database. */
const unfinished: PerStore<string> = {
  order: `SELECT FROM saga_instances WHERE status IN ('pending', 'payment_completed', 'refunding')
    OR compensation = 'refund_requested'`,
  payment: `SELECT FROM payment_transactions WHERE status IN ('charging', 'refunding')`,
  inventory: `SELECT FROM inventory_reservations WHERE false`,
}
const unpublished = 'SELECT FROM events WHERE published_at IS NULL AND parked_at IS NULL'

/** The real databases of all runs of this process, one after the other. */
export class Server {
  readonly urls: PerStore<string>
  readonly #databases: Databases
  readonly #admins: PerStore<Client>
  readonly #idle: PerStore<Client[]>

  private constructor(databases: Databases, admins: PerStore<Client>, idle: PerStore<Client[]>) {
    this.#databases = databases
    this.#admins = admins
    this.#idle = idle
    const { server, names } = databases
    this.urls = perStore((store) => server.url(names[store]))
  }

  static async start(): Promise<Server> {
    const databases = await Databases.create(`simulation_${process.pid}`)
    for (const store of stores) await prepare(databases, store)
    const admins = await eachStore((store) => databases.session(store))
    const idle = await eachStore((store) =>
      Promise.all(Array.from({ length: sessions }, () => databases.session(store))),
    )
    return new Server(databases, admins, idle)
  }

  databases<T>(make: (url: string, admin: Client, idle: Client[]) => T): PerStore<T> {
    return perStore((store) => make(this.urls[store], this.#admins[store], this.#idle[store]))
  }

  /** Empties all tables and inserts the stock. */
  async clear(shelves: readonly { readonly sku: string; readonly available: number }[]): Promise<void> {
    await this.#admins.order.query(
      'TRUNCATE orders, saga_instances, saga_violations, idempotency_keys, events, processed_events',
    )
    await this.#admins.payment.query('TRUNCATE payment_transactions, events, processed_events')
    await this.#admins.inventory.query('TRUNCATE stock, inventory_reservations, events, processed_events')
    for (const { sku, available } of shelves) {
      await this.#admins.inventory.query(
        'INSERT INTO stock (sku, available, received, updated_at) VALUES ($1, $2, $2, now())',
        [sku, available],
      )
    }
  }

  /** Whether all rows in the databases are final. */
  async isAtRest(): Promise<boolean> {
    for (const store of stores) {
      const { rowCount } = await this.#admins[store].query(`${unfinished[store]} UNION ALL ${unpublished} LIMIT 1`)
      if (rowCount !== 0) return false
    }
    return true
  }

  async sql<R extends object>(store: Store, text: string): Promise<R[]> {
    return (await this.#admins[store].query<R>(text)).rows
  }

  async stop(): Promise<void> {
    for (const store of stores) await Promise.all([this.#admins[store], ...this.#idle[store]].map((each) => each.end()))
    await this.#databases.drop()
  }
}

/** Disables background work that depends on the real clock and changes plans: runs must be reproducible. */
async function prepare(databases: Databases, store: Store): Promise<void> {
  const name = databases.names[store]
  await databases.sql(store, `ALTER DATABASE ${name} SET plan_cache_mode = force_custom_plan`)
  await databases.sql(store, `ALTER DATABASE ${name} SET synchronous_commit = off`)
  const tables = await databases.sql<{ name: string }>(
    store,
    `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'`,
  )
  for (const table of tables) await databases.sql(store, `ALTER TABLE ${table.name} SET (autovacuum_enabled = off)`)
}

function perStore<T>(of: (store: Store) => T): PerStore<T> {
  return Object.fromEntries(stores.map((store) => [store, of(store)])) as Record<Store, T>
}

async function eachStore<T>(of: (store: Store) => Promise<T>): Promise<PerStore<T>> {
  const made = await Promise.all(stores.map(async (store) => [store, await of(store)] as const))
  return Object.fromEntries(made) as Record<Store, T>
}
