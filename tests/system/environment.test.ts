// needs: system
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { testServers } from '@order-saga/dev'
import { Client } from 'pg'
import { operationsEnvironment } from '../support/operations-environment.ts'
import { someCustomer } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))

/** Variables by which pg, libpq and PostgreSQL's programs are configured. None of them is documented here. */
const foreign = {
  PGHOST: '192.0.2.1',
  PGHOSTADDR: '192.0.2.1',
  PGPORT: '1',
  PGUSER: 'nobody',
  PGPASSWORD: 'wrong',
  PGDATABASE: 'nowhere',
  PGSERVICE: 'nowhere',
  PGSERVICEFILE: '/nowhere',
  PGPASSFILE: '/nowhere',
  PGSYSCONFDIR: '/nowhere',
  PGOPTIONS: '-c search_path=nowhere -c datestyle=German -c default_transaction_read_only=on',
  PGAPPNAME: 'wrong',
  PGTZ: 'wrong',
  PGDATESTYLE: 'wrong',
  PGCLIENTENCODING: 'wrong',
  PGCLIENT_ENCODING: 'latin1',
  PGCONNECT_TIMEOUT: '1',
  PGTARGETSESSIONATTRS: 'standby',
  PGREPLICATION: 'database',
  PGBINARY: '1',
  PGSSLMODE: 'verify-full',
  PGSSLNEGOTIATION: 'wrong',
  PGSSLROOTCERT: '/nowhere',
  PGSSLCERT: '/nowhere',
  PGSSLKEY: '/nowhere',
  PGREQUIRESSL: '1',
  PGGSSENCMODE: 'require',
  PGCHANNELBINDING: 'require',
  PGDATA: '/nowhere',
  NODE_PG_FORCE_NATIVE: '1',
}

/** Of the role as which the services log in. */
const roleSettings = [
  "DateStyle = 'German'",
  "IntervalStyle = 'sql_standard'",
  "TimeZone = 'Asia/Kathmandu'",
  "search_path = 'other'",
  "bytea_output = 'escape'",
  'standard_conforming_strings = off',
  'extra_float_digits = -15',
  'row_security = off',
  'array_nulls = off',
  'client_min_messages = error',
  'default_transaction_isolation = serializable',
  'default_transaction_read_only = on',
  'default_transaction_deferrable = on',
  'synchronous_commit = off',
  'session_replication_role = replica',
  'exit_on_error = on',
  'lock_timeout = 1',
  'idle_in_transaction_session_timeout = 1',
]

describe("PostgreSQL's own environment variables, and settings of the role", function () {
  this.timeout(120_000)
  const role = `settings_${randomBytes(4).toString('hex')}`

  async function onServer(...statements: string[]): Promise<void> {
    const client = new Client({ connectionString: (await testServers().postgres()).url() })
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }

  const system = useSystem(async () => {
    await onServer(
      `CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'p'`,
      ...roleSettings.map((setting) => `ALTER ROLE ${role} SET ${setting}`),
    )
    return { env: { ...foreign, DB_USER: role, DB_PASSWORD: 'p' }, console: foreign }
  })
  after(() => onServer(`DROP ROLE ${role}`))

  /** Runs a program of a package in their presence. */
  async function program(file: string, env: Record<string, string>, ...args: string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [`${root}${file}`, ...args], {
      env: { PATH: process.env['PATH'], HOME: '/nowhere', ...foreign, ...env },
      maxBuffer: 1_000_000,
    })
    return stdout
  }

  it('do not change how services connect, and no outcome of an order', async () => {
    const statuses: string[] = []
    for (const wanted of [
      { customerEmail: someCustomer() },
      { customerEmail: someCustomer('decline') },
      { items: [{ sku: 'SIM-NONE', qty: 1 }] },
    ]) {
      const { sagaId } = await system().shop.post(wanted)
      statuses.push((await system().untilFinal(sagaId)).status)
    }
    assert.deepEqual(statuses, ['completed', 'cancelled', 'cancelled'])
  })

  it('do not change how migrations and the wait for them connect', async () => {
    const { server, names } = system().databases
    const env = {
      DB_HOST: '127.0.0.1',
      DB_PORT: String(server.port),
      DB_NAME: names.payment,
      DB_USER: server.user,
      DB_PASSWORD: server.password,
    }
    assert.match(await program('services/payment/dist/migrate-main.js', env), /\[migrate\] done/)
    assert.match(await program('services/payment/dist/wait-for-schema-main.js', env), /the schema fits/)
  })

  it('do not change how the audit and saga connect', async () => {
    const { sagaId } = await system().shop.post()
    await system().untilFinal(sagaId)
    await system().settle()
    const env = operationsEnvironment(system())
    const report = JSON.parse(await program('services/operations/dist/audit-main.js', env, '--json')) as {
      clean: boolean
    }
    assert.equal(report.clean, true)
    const list = await program('services/operations/dist/saga-main.js', env, 'list', '--json')
    assert.ok(list.includes(sagaId), list)
  })

  it('do not change how a private server starts', async () => {
    const code = `
      const { startPostgres } = await import('${root}tools/dev/dist/index.js')
      const server = await startPostgres()
      try { console.log('created', await server.createDatabase('some')) } finally { await server.stop() }`
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], {
      env: { PATH: process.env['PATH'], ...foreign },
      cwd: root,
    })
    assert.match(stdout, /^created postgres:/)
  })
})
