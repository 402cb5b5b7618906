// needs: database
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type DatabaseRoles, migrate, type RoleName, roleNames } from '@order-saga/chassis'
import { type PostgresServer, testServers, waitUntil } from '@order-saga/dev'
import { Client } from 'pg'
import { messagingRetention } from '../../packages/chassis/src/persistence/retention.ts'
import { idempotencyRetention } from '../../services/order/src/store/insert-orders.ts'
import { type Store, stores } from '../support/databases.ts'

type Access = Readonly<Record<string, Readonly<Record<string, Partial<Record<RoleName, string>>>>>>
const lists = JSON.parse(readFileSync('migrations/access.json', 'utf8')) as Access
const access: Access = Object.fromEntries(stores.map((store) => [store, { ...lists['messaging'], ...lists[store] }]))
const suffix = randomBytes(4).toString('hex')
const owner = (store: Store): string => `own_${store}_${suffix}`
const database = (store: Store): string => `roles_${store}_${suffix}`
const roles = (store: Store): DatabaseRoles => {
  const login = (role: RoleName): { user: string; password: string } => ({
    user: `${store}_${role}_${suffix}`,
    password: `p'a?ss${role}`,
  })
  return { runtime: login('runtime'), reader: login('reader'), operator: login('operator') }
}

/** Refused to every role, independent of its rights on rows. */
const forbidden: Readonly<Record<string, string>> = {
  'a table': 'CREATE TABLE public.mine (a integer)',
  'a temporary table': 'CREATE TEMP TABLE mine (a integer)',
  'a schema': 'CREATE SCHEMA mine',
  'a view': 'CREATE VIEW public.mine AS SELECT 1',
  'a function': `CREATE FUNCTION public.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
  'a type': `CREATE TYPE public.mine AS ENUM ('a')`,
  'a sequence': 'CREATE SEQUENCE public.mine',
  'a role': 'CREATE ROLE mine',
  'a database': 'CREATE DATABASE mine',
  'a publication': 'CREATE PUBLICATION mine',
  'an event trigger': 'CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION mine()',
  'a new column': 'ALTER TABLE events ADD COLUMN mine integer',
  'an index': 'CREATE INDEX mine ON events (order_id)',
  'no index': 'DROP INDEX events_pending',
  'no table': 'DROP TABLE events',
  'a trigger':
    'CREATE TRIGGER mine BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
  'triggers off': 'ALTER TABLE events DISABLE TRIGGER ALL',
  'replication mode, without triggers': 'SET session_replication_role = replica',
  'default privileges of the owner': `ALTER DEFAULT PRIVILEGES FOR ROLE $owner GRANT ALL ON TABLES TO PUBLIC`,
  'the role of the owner': 'SET ROLE $owner',
  'the session of a superuser': 'SET SESSION AUTHORIZATION postgres',
  'another password of the owner': `ALTER ROLE $owner PASSWORD 'x'`,
  'membership in the owner': 'GRANT $owner TO CURRENT_USER',
  'a setting of the server': 'ALTER SYSTEM SET fsync = off',
  'a setting of the database': 'ALTER DATABASE $database SET default_transaction_read_only = on',
  'a file of the server': `SELECT pg_read_file('/etc/hostname')`,
  'a folder of the server': `SELECT pg_ls_dir('/')`,
  'a file as a large object': `SELECT lo_import('/etc/hostname')`,
  'a program': `COPY events FROM PROGRAM 'true'`,
  'a file to write': `COPY (SELECT 1) TO '/tmp/mine'`,
  'password hashes': 'SELECT rolpassword FROM pg_authid',
  'a restart of the configuration': 'SELECT pg_reload_conf()',
  'the record of migrations': 'SELECT * FROM knex_migrations',
  'another record of migrations': `INSERT INTO knex_migrations (name) VALUES ('mine')`,
  'no record of migrations': 'DELETE FROM knex_migrations',
  'the lock of migrations': 'UPDATE knex_migrations_lock SET is_locked = 1',
  'another version of the schema': 'UPDATE schema_versions SET min_compatible = 1',
}

interface Right {
  readonly verb: string
  /** Undefined: of the whole table. */
  readonly columns: readonly string[] | undefined
}

const verbs = ['SELECT', 'INSERT', 'UPDATE', 'DELETE']

/** `SELECT, UPDATE (a, b)` as it is written in migrations/access.json. */
function parsed(rights = ''): Right[] {
  return [...rights.matchAll(/(\w+)(?: \(([^)]*)\))?(?:, |$)/g)].map(([, verb = '', columns]) => ({
    verb,
    columns: columns?.split(', '),
  }))
}

function statementFor(verb: string, table: string, column: string): string {
  switch (verb) {
    case 'SELECT':
      return `SELECT ${column} FROM ${table} WHERE false`
    case 'INSERT':
      return `INSERT INTO ${table} (${column}) SELECT NULL WHERE false`
    case 'UPDATE':
      return `UPDATE ${table} SET ${column} = NULL WHERE false`
    default:
      return `DELETE FROM ${table} WHERE false`
  }
}

describe('the roles of the databases, directly after the migrations', function () {
  this.timeout(60_000)
  let server: PostgresServer

  async function as<T>(user: string, password: string, name: string, work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ host: '127.0.0.1', port: server.port, user, password, database: name })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }
  const asSuperuser = <T>(name: string, work: (client: Client) => Promise<T>): Promise<T> =>
    as(server.user, server.password, name, work)
  const asRole = <T>(store: Store, role: RoleName, work: (client: Client) => Promise<T>): Promise<T> =>
    as(roles(store)[role].user, roles(store)[role].password, database(store), work)
  const address = (store: Store) => ({
    host: '127.0.0.1',
    port: server.port,
    name: database(store),
    user: owner(store),
    password: 'owner',
    caFile: '',
  })

  before(async () => {
    server = await testServers().postgres()
    await asSuperuser('postgres', async (client) => {
      for (const store of stores) {
        // The owner of payment may not create roles, as with CloudNativePG, which manages them itself.
        await client.query(
          `CREATE ROLE ${owner(store)} LOGIN PASSWORD 'owner' ${store === 'payment' ? '' : 'CREATEROLE'}`,
        )
        await client.query(`CREATE DATABASE ${database(store)} OWNER ${owner(store)}`)
      }
    })
    const lines: string[] = []
    const { runtime, reader, operator } = roles('payment')
    const names = {
      runtime: { ...runtime, password: '' },
      reader: { ...reader, password: '' },
      operator: { ...operator, password: '' },
    }
    const waiting = migrate(address('payment'), 'payment', (line) => lines.push(line), names)
    await waitUntil(() => lines.some((line) => line.includes('waiting for the role')), {
      what: 'the migration to wait for roles',
      limitMs: 20_000,
    })
    await asSuperuser('postgres', async (client) => {
      for (const { user, password } of Object.values(roles('payment'))) {
        await client.query(`CREATE ROLE ${user} LOGIN PASSWORD ${client.escapeLiteral(password)}`)
      }
    })
    await waiting
    for (const store of ['order', 'inventory'] as const) {
      await migrate(address(store), store, () => undefined, roles(store))
    }
  })

  after(async () => {
    await asSuperuser('postgres', async (client) => {
      for (const store of stores) await client.query(`DROP DATABASE ${database(store)} WITH (FORCE)`)
      for (const store of stores) {
        for (const { user } of Object.values(roles(store))) await client.query(`DROP ROLE ${user}`)
        await client.query(`DROP ROLE ${owner(store)}`)
      }
    })
  })

  async function columnsOf(store: Store): Promise<Map<string, string[]>> {
    const { rows } = await asSuperuser(database(store), (client) =>
      client.query<{ table: string; column: string }>(
        `SELECT c.relname AS table, a.attname AS column FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped`,
      ),
    )
    const tables = new Map<string, string[]>()
    for (const { table, column } of rows) tables.set(table, [...(tables.get(table) ?? []), column])
    return tables
  }

  async function refusalOf(client: Client, sql: string): Promise<string> {
    try {
      await client.query('BEGIN')
      await client.query(sql)
      return 'none'
    } catch (error) {
      return (error as { code: string }).code
    } finally {
      await client.query('ROLLBACK')
    }
  }

  for (const store of stores) {
    it(`the list of rights names every table and column of ${store}, and no others`, async () => {
      const tables = await columnsOf(store)
      assert.deepEqual(
        [...tables.keys()].filter((table) => !table.startsWith('knex_')).toSorted(),
        Object.keys(access[store] ?? {}).toSorted(),
      )
      for (const [table, rights] of Object.entries(access[store] ?? {})) {
        for (const { verb, columns = [] } of Object.values(rights).flatMap((each) => parsed(each))) {
          assert.ok(verbs.includes(verb), verb)
          for (const column of columns) assert.ok(tables.get(table)?.includes(column), `${table}.${column}`)
        }
      }
    })

    for (const role of roleNames) {
      it(`${store}: ${role} has exactly the listed rights on rows, and no TRUNCATE`, async () => {
        const tables = await columnsOf(store)
        await asRole(store, role, async (client) => {
          for (const [table, columns] of tables) {
            const rights = parsed(access[store]?.[table]?.[role])
            assert.equal(await refusalOf(client, `TRUNCATE ${table}`), '42501', table)
            for (const verb of verbs) {
              const right = rights.find((each) => each.verb === verb)
              for (const column of verb === 'DELETE' ? ['*'] : columns) {
                const isEntitled = right !== undefined && (right.columns?.includes(column) ?? true)
                const sql = statementFor(verb, table, column)
                // The runtime role of inventory may set `received`, with which the check of the table compares the others.
                assert.equal(await refusalOf(client, sql), isEntitled ? 'none' : '42501', `${role}: ${sql}`)
              }
            }
          }
        })
      })

      it(`${store}: ${role} may create, change or read nothing else`, async () => {
        await asRole(store, role, async (client) => {
          for (const [what, text] of Object.entries(forbidden)) {
            const sql = text.replace('$owner', owner(store)).replace('$database', database(store))
            // CREATE DATABASE refuses a user without the right before it refuses a transaction block.
            const code = await refusalOf(client, sql)
            assert.ok(['42501', '25001'].includes(code), `${role}: ${what}: ${code}`)
          }
          const { rows } = await client.query<{ name: string }>(
            'SELECT datname AS name FROM pg_database WHERE datname LIKE $1',
            [`%${suffix}`],
          )
          assert.equal(rows.length, 3)
        })
        for (const other of stores.filter((each) => each !== store)) {
          const { user, password } = roles(store)[role]
          await assert.rejects(
            as(user, password, database(other), async () => undefined),
            { code: '42501' },
          )
        }
      })

      it(`${store}: ${role} logs in with its own password only`, async () => {
        const { user } = roles(store)[role]
        for (const other of roleNames.filter((each) => each !== role)) {
          await assert.rejects(
            as(user, roles(store)[other].password, database(store), async () => undefined),
            { code: '28P01' },
          )
        }
      })
    }
  }

  for (const store of stores) {
    it(`${store}: runtime removes what is older than its retention`, async () => {
      const rules = [...messagingRetention(0, 0), ...(store === 'order' ? [idempotencyRetention] : [])]
      await asRole(store, 'runtime', async (client) => {
        for (const { statement } of rules) await client.query(statement.text, [new Date(0), 1])
      })
    })
  }

  it('a table that nobody listed can be used by its owner only, also with wide default privileges', async () => {
    await as(owner('order'), 'owner', database('order'), async (client) => {
      await client.query('ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC')
      await client.query('CREATE TABLE later (a integer)')
      await migrate(address('order'), 'order', () => undefined, roles('order'))
      await client.query('ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM PUBLIC')
    })
    for (const role of roleNames) {
      await asRole('order', role, async (client) => {
        assert.equal(await refusalOf(client, 'SELECT FROM later'), '42501')
      })
    }
    await as(owner('order'), 'owner', database('order'), (client) => client.query('DROP TABLE later'))
  })

  it('an older image leaves the rights that a newer release has given', async () => {
    const right = `SELECT has_table_privilege('${roles('order').reader.user}', 'orders', 'UPDATE') AS given`
    await as(owner('order'), 'owner', database('order'), async (client) => {
      await client.query(`INSERT INTO knex_migrations (name) VALUES ('999_newer.js')`)
      await client.query(`GRANT UPDATE ON orders TO ${roles('order').reader.user}`)
      await migrate(address('order'), 'order', () => undefined, roles('order'))
      assert.deepEqual((await client.query(right)).rows, [{ given: true }])
      await client.query(`DELETE FROM knex_migrations WHERE name = '999_newer.js'`)
      await migrate(address('order'), 'order', () => undefined, roles('order'))
      assert.deepEqual((await client.query(right)).rows, [{ given: false }])
    })
  })

  for (const [what, change, revert] of [
    ['is a member of the owner', 'GRANT $owner TO $role', 'REVOKE $owner FROM $role'],
    ['may create roles', 'ALTER ROLE $role CREATEROLE', 'ALTER ROLE $role NOCREATEROLE'],
    ['is a superuser', 'ALTER ROLE $role SUPERUSER', 'ALTER ROLE $role NOSUPERUSER'],
  ] as const) {
    it(`the migration refuses a role that ${what}`, async () => {
      const run = (sql: string): Promise<unknown> =>
        asSuperuser('postgres', (client) =>
          client.query(sql.replace('$owner', owner('payment')).replace('$role', roles('payment').reader.user)),
        )
      await run(change)
      const { runtime, reader, operator } = roles('payment')
      const names = [runtime, reader, operator].map(({ user }) => ({ user, password: '' }))
      const [one, two, three] = names as [typeof reader, typeof reader, typeof reader]
      await assert.rejects(
        migrate(address('payment'), 'payment', () => undefined, { runtime: one, reader: two, operator: three }),
        { name: 'UnusableRole', message: new RegExp(`^The role ${reader.user} `) },
      )
      await run(revert)
    })
  }

  it('the reader sees the sessions of all users, and the operator may end one, where the owner may grant that', async () => {
    const memberships = (store: Store) =>
      asSuperuser('postgres', async (client) => {
        const { rows } = await client.query<{ member: string; role: string }>(
          `SELECT m.member::regrole::text AS member, m.roleid::regrole::text AS role FROM pg_auth_members m
           WHERE m.member::regrole::text = ANY($1) ORDER BY 1, 2`,
          [Object.values(roles(store)).map(({ user }) => user)],
        )
        return rows.map(({ member, role }) => `${role} to ${member}`)
      })
    const { reader, operator } = roles('order')
    const granted = [
      `pg_read_all_stats to ${operator.user}`,
      `pg_signal_backend to ${operator.user}`,
      `pg_read_all_stats to ${reader.user}`,
    ]
    // Since version 16 a role with CREATEROLE grants only what it may administer.
    const { rows } = await asSuperuser('postgres', (client) =>
      client.query<{ old: boolean }>(`SELECT current_setting('server_version_num')::int < 160000 AS old`),
    )
    assert.deepEqual(await memberships('order'), rows[0]?.old ? granted : [])
    assert.deepEqual(await memberships('payment'), [])
    const lines: string[] = []
    const named = (role: RoleName) => ({ user: roles('payment')[role].user, password: '' })
    const names = { runtime: named('runtime'), reader: named('reader'), operator: named('operator') }
    await migrate(address('payment'), 'payment', (line) => lines.push(line), names)
    const user = names.operator.user
    assert.ok(lines.some((line) => line.endsWith(`a superuser has to run GRANT pg_signal_backend TO ${user}`)))
    await asSuperuser('postgres', async (client) => {
      await client.query(`GRANT pg_read_all_stats, pg_signal_backend TO ${user}`)
      await client.query(`GRANT pg_read_all_stats TO ${names.reader.user}`)
    })
    lines.length = 0
    await migrate(address('payment'), 'payment', (line) => lines.push(line), names)
    assert.deepEqual(lines, [])
  })

  it('the migration of a user who may not create roles says so', async () => {
    await assert.rejects(
      migrate(address('payment'), 'payment', () => undefined, roles('payment')),
      {
        name: 'UnusableRole',
        message: /^The role payment_runtime_\w+ cannot be changed: the user .* needs CREATEROLE/,
      },
    )
  })
})
