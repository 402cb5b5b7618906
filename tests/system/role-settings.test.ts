// needs: system
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { testServers } from '@order-saga/dev'
import { Client } from 'pg'
import { someCustomer } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

const settings = [
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

describe('Settings of the role as which the services log in', function () {
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
      ...settings.map((setting) => `ALTER ROLE ${role} SET ${setting}`),
    )
    return { env: { DB_USER: role, DB_PASSWORD: 'p' } }
  })

  after(() => onServer(`DROP ROLE ${role}`))

  it('change no outcome of an order', async () => {
    const { shop } = system()
    const statuses: string[] = []
    for (const wanted of [
      { customerEmail: someCustomer() },
      { customerEmail: someCustomer('decline') },
      { items: [{ sku: 'SIM-NONE', qty: 1 }] },
    ]) {
      const { sagaId } = await shop.post(wanted)
      statuses.push((await system().untilFinal(sagaId)).status)
    }
    assert.deepEqual(statuses, ['completed', 'cancelled', 'cancelled'])
  })
})
