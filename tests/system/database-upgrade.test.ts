// needs: database
import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { migrate, schemaMismatch } from '@order-saga/chassis'
import { Database } from '../../packages/chassis/src/persistence/database.ts'
import { type PostgresServer, testServers } from '@order-saga/dev'
import { Client } from 'pg'
import { readActs } from '../../services/operations/src/inspect/operator-acts.ts'
import { quietLog } from '../../services/operations/src/cli/operator-broker.ts'

const suffix = randomBytes(4).toString('hex')
const name = `upgrade_${suffix}`
const owner = `order_service_${suffix}`
const role = (of: string) => ({ user: `order_${of}_${suffix}`, password: of })
const roles = { runtime: role('runtime'), reader: role('reader'), operator: role('operator') }
const load = createRequire(import.meta.url)
/** The roles as a migration gets them where another program creates them. */
const managed = Object.fromEntries(
  Object.entries(roles).map(([each, { user }]) => [each, { user, password: '' }]),
) as typeof roles
/** The part of knex that migrations use. */
interface Migrator {
  readonly raw: (sql: string) => Promise<unknown>
}
/** The newest migration of the release that had one user per database. */
const lastOfPrevious = '004_proofs_of_payment_and_reservation.js'

describe('a database of the release with one user, who owns the tables', function () {
  this.timeout(60_000)
  let server: PostgresServer
  const open: Database[] = []

  const connect = async (user: string, password: string, database = name): Promise<Client> => {
    const client = new Client({ host: '127.0.0.1', port: server.port, user, password, database })
    await client.connect()
    return client
  }
  const address = (user: string, password: string) =>
    ({ host: '127.0.0.1', port: server.port, name, user, password, caFile: '' }) as const
  const poolOf = ({ user, password }: { user: string; password: string }): Database => {
    const database = new Database({ ...address(user, password), poolMax: 2, applicationName: 'upgrade', log: quietLog })
    open.push(database)
    return database
  }

  before(async () => {
    server = await testServers().postgres()
    const admin = await connect(server.user, server.password, 'postgres')
    await admin.query(`CREATE ROLE ${owner} LOGIN PASSWORD 'owner'`)
    await admin.query(`CREATE DATABASE ${name} OWNER ${owner}`)
    // As CloudNativePG does after the upgrade of the chart.
    for (const { user, password } of Object.values(roles)) {
      await admin.query(`CREATE ROLE ${user} LOGIN PASSWORD '${password}'`)
    }
    await admin.end()
    const client = await connect(owner, 'owner')
    await client.query(
      `CREATE TABLE knex_migrations (id serial PRIMARY KEY, name varchar(255), batch integer, migration_time timestamptz);
       CREATE TABLE knex_migrations_lock (index serial PRIMARY KEY, is_locked integer)`,
    )
    for (const folder of ['messaging', 'order']) {
      for (const file of (await readdir(`migrations/${folder}`)).toSorted()) {
        if (folder === 'order' && file > lastOfPrevious) continue
        const { up } = load(`../../migrations/${folder}/${file}`) as { up: (knex: Migrator) => Promise<void> }
        await up({ raw: (sql) => client.query(sql) })
        await client.query('INSERT INTO knex_migrations (name, batch, migration_time) VALUES ($1, 1, now())', [file])
      }
    }
    await client.query(
      `INSERT INTO operator_acts (act_id, run_id, act, subject, place, operator, reason, begun_at, done_at, detail)
       VALUES ($1, $1, 'discard', 'one', 'order_queue', 'ann', 'why', now(), now(), '{"body": "old"}')`,
      [randomUUID()],
    )
    await client.end()
  })

  after(async () => {
    await Promise.all(open.map((database) => database.close()))
    const admin = await connect(server.user, server.password, 'postgres')
    for (const each of [name, `${name}_other`]) await admin.query(`DROP DATABASE ${each} WITH (FORCE)`)
    for (const user of [owner, ...Object.values(roles).map((each) => each.user)]) await admin.query(`DROP ROLE ${user}`)
    await admin.end()
  })

  it('is upgraded by the migration of its owner, while pods of both releases write', async () => {
    const previous = await connect(owner, 'owner')
    const runtime = poolOf(roles.runtime)
    // Pods of this release wait until the rights are there.
    await assert.rejects(schemaMismatch(runtime, { messaging: 1, order: 3 }), /permission denied/)
    assert.ok((await migrate(address(owner, 'owner'), 'order', () => undefined, managed)) > 0)
    assert.equal(await schemaMismatch(runtime, { messaging: 1, order: 3 }), undefined)

    const insert = (id: string): { name: string; text: string } => ({
      name: `insert ${id}`,
      text: `INSERT INTO orders (order_id, saga_id, customer_email, items, amount, currency, created_at, updated_at)
        VALUES ('${id}', '${id}', 'ann@example.com', '[]', 1, 'EUR', now(), now())`,
    })
    const [older, newer] = [randomUUID(), randomUUID()]
    await previous.query(insert(older).text)
    await runtime.query(insert(newer))
    const finish = `UPDATE orders SET status = 'cancelled', updated_at = now() RETURNING 1 AS changed`
    assert.equal((await previous.query(finish)).rowCount, 2)
    assert.equal((await runtime.query({ name: 'finish', text: finish })).length, 2)
    await previous.end()
  })

  it('keeps the acts of the previous release readable', async () => {
    const acts = await readActs(poolOf(roles.reader), { limit: 5 })
    assert.deepEqual(
      acts.map(({ subject, completedAt, detail }) => [subject, completedAt !== null, detail]),
      [['one', true, { body: 'old' }]],
    )
  })

  it('may belong to another user than its tables', async () => {
    const admin = await connect(server.user, server.password, 'postgres')
    await admin.query(`DROP DATABASE IF EXISTS ${name}_other`)
    await admin.query(`CREATE DATABASE ${name}_other`)
    await admin.end()
    const other = await connect(server.user, server.password, `${name}_other`)
    await other.query(`GRANT CREATE ON SCHEMA public TO ${owner}`)
    await migrate({ ...address(owner, 'owner'), name: `${name}_other` }, 'order', () => undefined, managed)
    const reader = await connect(roles.reader.user, roles.reader.password, `${name}_other`)
    assert.deepEqual((await reader.query('SELECT count(*)::int AS count FROM orders')).rows, [{ count: 0 }])
    await assert.rejects(reader.query('DELETE FROM orders'), { code: '42501' })
    await Promise.all([reader.end(), other.end()])
  })

  it('is left as it is by a migration without roles', async () => {
    await migrate(address(owner, 'owner'), 'order', () => undefined)
    assert.equal(await schemaMismatch(poolOf(roles.runtime), { messaging: 1, order: 3 }), undefined)
  })
})
