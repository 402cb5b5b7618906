// needs: database
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { waitUntil } from '@order-saga/dev'
import { migrate } from '../../src/persistence/migrate.ts'
import { schemaMismatch, waitForSchema } from '../../src/persistence/schema.ts'
import { DatabaseForTest } from '../support/database-for-test.ts'
import { FaultProxy } from '@order-saga/tests/support/fault-proxy'

describe('the schema of a database', function () {
  this.timeout(60_000)
  let store: DatabaseForTest

  beforeEach(async () => {
    store = await DatabaseForTest.create()
  })
  afterEach(() => store.drop())

  const fits = { messaging: 1, inventory: 1 }

  it('fits the service it was migrated for', async () => {
    assert.equal(await schemaMismatch(store.open(), fits), undefined)
  })

  it('that is older than the service is refused, with what to do', async () => {
    const reason = await schemaMismatch(store.open(), { ...fits, inventory: 99 })
    assert.match(reason ?? '', /"inventory" is at version \d+, this service needs version 99: run the migrations/)
    assert.match((await schemaMismatch(store.open(), { ...fits, payment: 1 })) ?? '', /"payment" is missing/)
  })

  it('that is newer is accepted while it declares itself compatible, and refused when it does not', async () => {
    await store.sql(`UPDATE schema_versions SET version = 5 WHERE component = 'inventory'`)
    assert.equal(await schemaMismatch(store.open(), fits), undefined)
    await store.sql(`UPDATE schema_versions SET min_compatible = 2 WHERE component = 'inventory'`)
    const reason = await schemaMismatch(store.open(), fits)
    assert.match(
      reason ?? '',
      /at version 5 and works with services from version 2 on, this one was written for 1: use a newer image/,
    )
  })

  it('that is missing is waited for, and the reason is reported once', async () => {
    const empty = await DatabaseForTest.create({ empty: true })
    const reasons: string[] = []
    const waiting = waitForSchema(empty.open(), fits, {
      signal: new AbortController().signal,
      prepare: async () => undefined,
      intervalMs: 20,
      onWait: (reason) => {
        reasons.push(reason)
        if (reasons.length === 1) void migrate(empty.target, 'inventory', () => undefined)
      },
    })
    await waiting
    assert.match(reasons[0] ?? '', /no schema yet: run its migrations/)
    assert.equal(new Set(reasons).size, reasons.length)
    await empty.drop()
  })

  it('is not awaited beyond the shutdown of the process', async () => {
    const stop = new AbortController()
    await waitForSchema(
      store.open(),
      { ...fits, inventory: 9 },
      { signal: stop.signal, prepare: async () => undefined, intervalMs: 60_000, onWait: () => stop.abort() },
    )
  })
})

describe('a migration', function () {
  this.timeout(60_000)
  let store: DatabaseForTest

  beforeEach(async () => {
    store = await DatabaseForTest.create({ empty: true })
  })
  afterEach(() => store.drop())

  const filesOf = async (folder: string): Promise<string[]> =>
    (await readdir(new URL(`../../../../migrations/${folder}/`, import.meta.url))).toSorted()
  const run = (): Promise<number> => migrate(store.target, 'payment', () => undefined)

  it('applies messaging before the tables of the service, and nothing the second time', async () => {
    const lines: string[] = []
    const migrateOrder = (): Promise<number> => migrate(store.target, 'order', (line) => lines.push(line))
    const [messaging, own] = await Promise.all(['messaging', 'order'].map((name) => filesOf(name)))
    const files = [...(messaging ?? []), ...(own ?? [])]
    assert.equal(await migrateOrder(), files.length)
    assert.deepEqual(
      lines.map((line) => line.split(' ').at(-1)),
      files,
    )
    assert.equal(await migrateOrder(), 0)
  })

  it('runs once when two processes start it together', async () => {
    const counts = await Promise.all([run(), run(), run()])
    assert.deepEqual(
      counts.toSorted((a, b) => a - b),
      [0, 0, 3],
    )
  })

  it('waits for a database that refuses connections or does not respond', async function () {
    const proxy = await FaultProxy.start(store.target.port)
    await proxy.refuse()
    const lines: string[] = []
    const waiting = migrate({ ...store.target, port: proxy.port }, 'payment', (line) => lines.push(line))
    await waitUntil(() => lines.length > 0, { what: 'a line', limitMs: 10_000 })
    proxy.silence()
    await proxy.accept()
    await waitUntil(() => proxy.connections > 1, { what: 'a second connection', limitMs: 20_000 })
    proxy.pass()
    assert.equal(await waiting, 3)
    assert.match(lines[0] ?? '', /^\[migrate\] waiting for the database: /)
    await proxy.close()
  })

  it('of an older image does not fail on a newer schema, and undoes nothing', async () => {
    await run()
    await store.sql(
      `INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('999_of_a_newer_release.js', 2, now())`,
    )
    await store.sql(`UPDATE schema_versions SET version = 2 WHERE component = 'payment'`)
    assert.equal(await run(), 0)
    assert.deepEqual(await store.sql(`SELECT version FROM schema_versions WHERE component = 'payment'`), [
      { version: 2 },
    ])
    assert.deepEqual(await store.sql(`SELECT name FROM knex_migrations WHERE name LIKE '999%'`), [
      { name: '999_of_a_newer_release.js' },
    ])
  })

  it('that was killed does not block the next one', async () => {
    await run()
    await store.sql('UPDATE knex_migrations_lock SET is_locked = 1')
    assert.equal(await run(), 0)
  })

  it('that fails is rolled back, and is named', async () => {
    await store.sql('CREATE TABLE payment_transactions (taken integer)')
    const reason = 'nothing was changed: relation "payment_transactions" already exists'
    await assert.rejects(run(), { message: `001_payment_transactions.js failed, ${reason}` })
    assert.deepEqual(
      await store.sql(`SELECT to_regclass('schema_versions') AS messaging, to_regclass('events') AS events`),
      [{ messaging: null, events: null }],
    )
    await store.sql('DROP TABLE payment_transactions')
    assert.equal(await run(), 3)
  })
})

describe('the constraints of the schema', function () {
  this.timeout(60_000)
  let store: DatabaseForTest

  before(async () => {
    store = await DatabaseForTest.create()
    await store.sql(`INSERT INTO stock (sku, available, received, updated_at) VALUES ('A', 5, 5, now())`)
  })
  after(() => store.drop())

  it('stock below zero, reserved from nowhere, or shipped without being reserved', async () => {
    for (const change of [
      'available = -1, reserved = 6',
      'reserved = 1',
      'shipped = 1',
      'reserved = -1, available = 6',
    ]) {
      await assert.rejects(store.sql(`UPDATE stock SET ${change}`), /check constraint/, change)
    }
  })

  it('an unknown status, or two reservations for one order', async () => {
    const insert = (status: string, id: string): Promise<unknown> =>
      store.sql(
        `INSERT INTO inventory_reservations (order_id, saga_id, reservation_id, status, created_at, updated_at)
         VALUES ($1, $1, gen_random_uuid(), $2, now(), now())`,
        [id, status],
      )
    const id = '00000000-0000-7000-8000-000000000001'
    await assert.rejects(insert('lost', id), /check constraint/)
    await insert('reserved', id)
    await assert.rejects(insert('reserved', id), /duplicate key/)
  })
})
