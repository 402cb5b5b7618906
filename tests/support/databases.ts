import { type PostgresServer, testServers } from '@order-saga/dev'
import { Client, Pool, types } from 'pg'
import { createFrom, migrated } from './database-template.ts'

/** The services with a database. */
export const stores = ['order', 'payment', 'inventory'] as const
export type Store = (typeof stores)[number]

/** The three databases of one system, and a connection to each that survives restarts of the server. */
export class Databases {
  readonly server: PostgresServer
  readonly names: Readonly<Record<Store, string>>
  readonly #pools: Readonly<Record<Store, Pool>>

  private constructor(server: PostgresServer, names: Record<Store, string>) {
    this.server = server
    this.names = names
    const open = (store: Store): Pool => {
      const pool = new Pool({ connectionString: server.url(names[store]), max: 3, application_name: 'system-tests' })
      pool.on('error', () => undefined)
      pool.on('connect', (client) => client.on('error', () => undefined))
      return pool
    }
    this.#pools = { order: open('order'), payment: open('payment'), inventory: open('inventory') }
  }

  static async create(suffix: string): Promise<Databases> {
    const server = await testServers().postgres()
    const names = { order: `order_${suffix}`, payment: `payment_${suffix}`, inventory: `inventory_${suffix}` }
    await Promise.all(stores.map((store) => createFrom(migrated[store], server, names[store])))
    return new Databases(server, names)
  }

  async sql<R extends object = Record<string, unknown>>(
    store: Store,
    text: string,
    values: readonly unknown[] = [],
  ): Promise<R[]> {
    return (await this.#pools[store].query<R>(text, [...values])).rows
  }

  /** A session of its own, for locks that outlast a statement. */
  async session(store: Store): Promise<Client> {
    const client = new Client({
      connectionString: this.server.url(this.names[store]),
      application_name: 'system-tests',
    })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }

  /** Connections of the services that are still open. */
  async connectionsLeft(): Promise<number> {
    const rows = await this.sql<{ count: number }>(
      'order',
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = ANY($1) AND application_name <> 'system-tests'`,
      [Object.values(this.names)],
    )
    return rows[0]?.count ?? 0
  }

  async drop(): Promise<void> {
    await Promise.all(stores.map((store) => this.#pools[store].end()))
    await onServer(this.server, async (client) => {
      for (const store of stores) await client.query(`DROP DATABASE ${this.names[store]} WITH (FORCE)`)
    })
  }
}

async function onServer(server: PostgresServer, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: server.url() })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

// Counts, which stay far below 2^53; the services' own driver settings do the same.
types.setTypeParser(types.builtins.INT8, Number)
