// needs: database
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { waitUntil } from '@order-saga/dev'
import { ReadOnlyDatabase } from '../src/audit/read-only-database.ts'
import { type StoreName, storeNames } from '../src/inspect/stores.ts'
import { AuditedSystem } from './audited-system.ts'
import { writeScenario } from './scenarios.ts'

/** Of the audit to the three databases of this system, whose names end alike; other suites audit on the same server. */
const connections = `SELECT pid, state FROM pg_stat_activity
  WHERE application_name = 'order-saga audit' AND right(datname, 8) = right(current_database(), 8)`

describe('a database under audit', () => {
  let system: AuditedSystem
  const opened: ReadOnlyDatabase[] = []

  before(async () => {
    system = await AuditedSystem.start()
  })
  after(() => system.stop())
  afterEach(async () => {
    for (const database of opened.splice(0)) await database.close()
    await system.clear()
  })

  async function open(statementTimeoutMs = 5_000): Promise<ReadOnlyDatabase> {
    const database = await ReadOnlyDatabase.connect('order', system.sources.order, statementTimeoutMs)
    opened.push(database)
    return database
  }

  async function nobodyConnected(): Promise<void> {
    await waitUntil(async () => (await system.sql('order', connections)).length === 0, {
      what: 'the connections of the audit to be gone',
      limitMs: 10_000,
    })
  }

  it('cannot be changed', async () => {
    const database = await open()
    await assert.rejects(database.read('DELETE FROM orders'), /: the order database: .* read-only transaction$/)
  })

  it('can be read through a role with SELECT only', async () => {
    const role = `reader_${randomUUID().slice(0, 8)}`
    const urls: Partial<Record<StoreName, { url: string }>> = {}
    try {
      await system.sql('order', `CREATE ROLE ${role} LOGIN PASSWORD 'reads'`)
      for (const store of storeNames) {
        await system.sql(store, `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`)
        const url = new URL(system.sources[store].url)
        Object.assign(url, { username: role, password: 'reads' })
        urls[store] = { url: url.href }
      }
      assert.equal((await system.audit({}, urls)).clean, true)
    } finally {
      for (const store of storeNames) await system.sql(store, `DROP OWNED BY ${role}`)
      await system.sql('order', `DROP ROLE ${role}`)
    }
  })

  it('is read the same through a role whose settings differ', async () => {
    const role = `settings_${randomUUID().slice(0, 8)}`
    const urls: Partial<Record<StoreName, { url: string }>> = {}
    await writeScenario(system, 'confirmed')
    try {
      await system.sql('order', `CREATE ROLE ${role} LOGIN PASSWORD 'reads'`)
      const settings = [
        "DateStyle = 'German'",
        "search_path = 'other'",
        "TimeZone = 'Asia/Kathmandu'",
        'array_nulls = off',
      ]
      await system.sql('order', settings.map((setting) => `ALTER ROLE ${role} SET ${setting}`).join(';'))
      for (const store of storeNames) {
        await system.sql(store, `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`)
        const url = new URL(system.sources[store].url)
        Object.assign(url, { username: role, password: 'reads' })
        urls[store] = { url: url.href }
      }
      const report = await system.audit({}, urls)
      assert.deepEqual([report.clean, report.orders], [true, 1])
    } finally {
      for (const store of storeNames) await system.sql(store, `DROP OWNED BY ${role}`)
      await system.sql('order', `DROP ROLE ${role}`)
    }
  })

  it('cancels a statement after its timeout and stays usable', async () => {
    const database = await open(100)
    await assert.rejects(database.read('SELECT pg_sleep(20)'), /statement timeout/)
    assert.deepEqual(await database.read('SELECT 1 AS one'), [{ one: 1 }])
  })

  it('limits its wait behind a schema change', async () => {
    const database = await open()
    await system.sql('order', 'BEGIN')
    try {
      await system.sql('order', 'LOCK TABLE orders IN ACCESS EXCLUSIVE MODE')
      await assert.rejects(database.read('SELECT FROM orders'), /lock timeout/)
    } finally {
      await system.sql('order', 'ROLLBACK')
    }
  })

  it('keeps no transaction and no setting between two reads', async () => {
    const database = await open()
    const [first, second] = await Promise.all([
      database.read<{ id: string }>('SELECT pg_current_snapshot()::text AS id, pg_sleep(0.05)'),
      database.read<{ id: string }>('SELECT pg_current_snapshot()::text AS id'),
    ])
    assert.equal(first.length + second.length, 2)
    const [state] = await system.sql<{ state: string }>('order', connections)
    assert.equal(state?.state, 'idle')
  })

  it('closes its connection after a successful and a failed audit', async () => {
    await system.audit()
    await nobodyConnected()
    await assert.rejects(system.audit({}, { payment: { url: 'postgres://127.0.0.1:1/x' } }), /the payment database/)
    await nobodyConnected()
  })

  it('that is lost during the audit makes it fail', async () => {
    await writeScenario(system, 'declined')
    await system.sql('payment', "UPDATE payment_transactions SET status = 'charged'")
    const pause = async (): Promise<void> => {
      await system.sql('order', `SELECT pg_terminate_backend(pid) FROM (${connections}) AS audit`)
      await nobodyConnected()
    }
    await assert.rejects(system.audit({ pause }), /: the \w+ database: /)
  })

  it('is refused when its URL requires TLS and no authority is given', async () => {
    const url = `${system.sources.order.url}?sslmode=require`
    await assert.rejects(system.audit({}, { order: { url } }), /the order database: its URL requires TLS, but no/)
  })

  it('is refused without TLS when an authority is given', async () => {
    const { url } = system.sources.inventory
    const anyFile = fileURLToPath(import.meta.url)
    await assert.rejects(
      system.audit({}, { inventory: { url, caFile: anyFile } }),
      /the inventory database: The server does not support SSL connections/,
    )
    await assert.rejects(system.audit({}, { inventory: { url, caFile: '/nowhere' } }), /the inventory database: ENOENT/)
  })
})
