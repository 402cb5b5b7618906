// needs: system
// slow: tables of 30,000 rows
import assert from 'node:assert/strict'
import { services } from '@order-saga/contracts'
import { type Store, stores } from '../support/databases.ts'
import { someCustomer, someSku, type WantedOrder } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

interface Reads {
  readonly table: string
  readonly whole: number
  readonly entries: number
}

/** Orders of each flow. */
const each = 15
/** Limit of rows and index entries read per order, over all tables; it must not grow with a table. */
const entriesPerOrder = 250

describe('The query plans of the services', function () {
  this.timeout(300_000)
  const system = useSystem(() => ({ env: { GAUGE_INTERVAL_MS: 500 } }))

  /**
   * Since the database was made. A session reports its reads to the cumulative statistics when it ends, at the latest: all others
   * are ended first, including those of the tests, which scan whole tables when they wait for rest. The table of schema versions
   * has a row for each set of migrations, and is meant to be read as a whole.
   */
  async function readsOf(store: Store): Promise<Reads[]> {
    const session = await system().databases.session(store)
    const others = `FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`
    try {
      await session.query(`SELECT pg_terminate_backend(pid) ${others}`)
      await system().until(
        `the other sessions of the ${store} database to end`,
        async () => (await session.query(`SELECT ${others}`)).rowCount === 0,
      )
      const { rows } = await session.query<Reads>(
        `SELECT relname AS table, seq_scan::int AS whole, idx_tup_fetch::int AS entries FROM pg_stat_user_tables
         WHERE relname !~ 'migrations|schema_versions' ORDER BY 1`,
      )
      return rows
    } finally {
      await session.end()
    }
  }

  /** Drives orders through all flows, without looking into the databases meanwhile. */
  async function drive(): Promise<void> {
    const sku = someSku()
    await system().shop.putStock(sku, 1_000)
    const wanted: WantedOrder[] = [
      { items: [{ sku, qty: 1 }] },
      { customerEmail: someCustomer('decline') },
      { items: [{ sku: 'SIM-NONE', qty: 1 }] },
    ]
    const placed = await Promise.all(
      Array.from({ length: each }, (_, i) =>
        wanted.map((order, flow) => system().shop.post(order, i % 2 === 0 ? {} : { key: `${sku}-${i}-${flow}` })),
      ).flat(),
    )
    for (const { sagaId } of placed) await system().untilFinal(sagaId)
  }

  /** The reads of the services from start to stop, by table. */
  async function readsWhile(work: () => Promise<void>): Promise<Record<Store, Reads[]>> {
    const before = Object.fromEntries(await Promise.all(stores.map(async (store) => [store, await readsOf(store)])))
    await Promise.all(services.map((service) => system().start(service)))
    await work()
    await Promise.all(services.map((service) => system().services[service].stop()))
    const after = await Promise.all(stores.map(async (store) => [store, await readsOf(store)] as const))
    return Object.fromEntries(
      after.map(([store, reads]) => [
        store,
        reads.map(({ table, whole, entries }) => {
          const earlier = (before[store] as Reads[]).find((read) => read.table === table)
          return { table, whole: whole - (earlier?.whole ?? 0), entries: entries - (earlier?.entries ?? 0) }
        }),
      ]),
    ) as Record<Store, Reads[]>
  }

  function assertByIndex(reads: Record<Store, Reads[]>): void {
    const whole = stores.flatMap((store) => reads[store].filter((read) => read.whole > 0).map((read) => [store, read]))
    assert.deepEqual(whole, [], 'tables that were read as a whole')
    const entries = stores.flatMap((store) => reads[store].map((read) => read.entries)).reduce((sum, n) => sum + n, 0)
    assert.ok(entries > 0 && entries < entriesPerOrder * 3 * each, JSON.stringify(reads))
  }

  beforeEach(async () => {
    await Promise.all(services.map((service) => system().services[service].stop()))
  })
  afterEach(async () => {
    // The queues drain before the invariants are checked.
    await Promise.all(services.map((service) => system().start(service)))
  })

  it('use an index while the tables are empty and small, and after they have grown', async () => {
    assertByIndex(await readsWhile(drive))
  })

  it('use an index when the tables are large and analysed', async () => {
    const count = 30_000
    // As the automatic one leaves it: planner statistics, and the ages of the rows by block.
    const vacuum = 'VACUUM (ANALYZE)'
    const ids = `SELECT i, lpad(to_hex(i), 8, '0')::text || '-0000-7000-8000-000000000000' AS id FROM generate_series(1, ${count}) i`
    const event = (name: string): string =>
      `INSERT INTO events (event_id, saga_id, order_id, routing_key, payload, created_at, published_at)
       SELECT gen_random_uuid(), id::uuid, id::uuid, '${name}', '{}', now(), now() FROM (${ids}) x`
    const seen = (queue: string): string =>
      `INSERT INTO processed_events (event_id, consumer) SELECT gen_random_uuid(), '${queue}' FROM (${ids}) x`
    const { orderQueue, paymentQueue, inventoryQueue } = system().broker.queues
    const filled = (store: Store, statements: readonly string[]): Promise<void> =>
      statements.reduce(async (done, text) => {
        await done
        await system().sql(store, text)
      }, Promise.resolve())
    await filled('order', [
      `INSERT INTO orders (order_id, saga_id, customer_email, items, amount, currency, status, created_at, updated_at)
       SELECT id::uuid, id::uuid, 'old@example.com', '[]', 1, 'USD', 'confirmed', now(), now() FROM (${ids}) x`,
      `INSERT INTO saga_instances (saga_id, order_id, status, timeout_at, created_at, updated_at, finished_at)
       SELECT id::uuid, id::uuid, 'completed', now(), now(), now(), now() FROM (${ids}) x`,
      event('order.confirmed'),
      seen(orderQueue),
      vacuum,
    ])
    await filled('payment', [
      `INSERT INTO payment_transactions (order_id, saga_id, payment_id, status, amount, currency, charge_id, created_at, updated_at)
       SELECT id::uuid, id::uuid, id::uuid, 'charged', 1, 'USD', id, now(), now() FROM (${ids}) x`,
      event('payment.completed'),
      seen(paymentQueue),
      vacuum,
    ])
    await filled('inventory', [
      `INSERT INTO inventory_reservations (order_id, saga_id, reservation_id, status, items, created_at, updated_at)
       SELECT id::uuid, id::uuid, id::uuid, 'committed', '[{"sku":"OLD","qty":1,"tracked":false}]', now(), now() FROM (${ids}) x`,
      event('inventory.reserved'),
      seen(inventoryQueue),
      vacuum,
    ])
    try {
      assertByIndex(await readsWhile(drive))
    } finally {
      // They are nobody's orders, which the audit would find out.
      await Promise.all([
        filled('order', [
          `DELETE FROM saga_instances WHERE saga_id IN (SELECT id::uuid FROM (${ids}) x)`,
          `DELETE FROM orders WHERE order_id IN (SELECT id::uuid FROM (${ids}) x)`,
        ]),
        filled('payment', [`DELETE FROM payment_transactions WHERE order_id IN (SELECT id::uuid FROM (${ids}) x)`]),
        filled('inventory', [`DELETE FROM inventory_reservations WHERE order_id IN (SELECT id::uuid FROM (${ids}) x)`]),
      ])
      const rest = `DELETE FROM events WHERE order_id IN (SELECT id::uuid FROM (${ids}) x)`
      const queues = { order: orderQueue, payment: paymentQueue, inventory: inventoryQueue }
      for (const store of stores) {
        const orphans = `DELETE FROM processed_events WHERE consumer = '${queues[store]}' AND substr(event_id::text, 15, 1) = '4'`
        await filled(store, [rest, orphans])
      }
    }
  })
})
