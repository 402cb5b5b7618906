import { migrate } from '@order-saga/chassis'
import { type PostgresServer } from '@order-saga/local'
import pg from 'pg'

export const storeNames = ['order', 'payment', 'inventory'] as const
export type StoreName = (typeof storeNames)[number]

const templates = new WeakMap<PostgresServer, Promise<void>>()
const templateOf = (store: StoreName): string => `template_${store}`

/** Three migrated databases with names of their own; copied from templates, which are migrated once per server. */
export async function createDatabases(server: PostgresServer, prefix: string): Promise<Record<StoreName, string>> {
  const migrated = templates.get(server) ?? migrateTemplates(server)
  templates.set(server, migrated)
  await migrated
  const names = { order: `${prefix}_order`, payment: `${prefix}_payment`, inventory: `${prefix}_inventory` }
  await asAdministrator(server, async (client) => {
    for (const store of storeNames) await client.query(`CREATE DATABASE ${names[store]} TEMPLATE ${templateOf(store)}`)
  })
  return names
}

export async function dropDatabases(server: PostgresServer, names: Record<StoreName, string>): Promise<void> {
  await asAdministrator(server, async (client) => {
    for (const store of storeNames) await client.query(`DROP DATABASE ${names[store]} WITH (FORCE)`)
  })
}

async function migrateTemplates(server: PostgresServer): Promise<void> {
  const { hostname: host, port, username: user, password } = new URL(server.url('postgres'))
  for (const store of storeNames) {
    const name = templateOf(store)
    await server.createDatabase(name)
    await migrate({ host, port: Number(port), name, user, password, caFile: '' }, store, () => undefined)
  }
}

async function asAdministrator(server: PostgresServer, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: server.url('postgres') })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
