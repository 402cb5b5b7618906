// needs: database
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { DependencyUnavailable } from '../../src/core/errors.ts'
import { type Database, type DatabaseOptions, statement } from '../../src/persistence/database.ts'
import { migrate } from '../../src/persistence/migrate.ts'
import { schemaMismatch, waitForSchema } from '../../src/persistence/schema.ts'
import { UnusableSession } from '../../src/persistence/sql-errors.ts'
import { DatabaseForTest } from '../support/database-for-test.ts'

/** Values that change results or lose commits, and the value in a session of ours as SHOW prints it. */
const settings: readonly [name: string, wrong: string, right: string][] = [
  ['DateStyle', 'German', 'ISO, MDY'],
  ['IntervalStyle', 'sql_standard', 'postgres'],
  ['TimeZone', 'Asia/Kathmandu', 'UTC'],
  ['search_path', 'other', 'public, pg_temp'],
  ['bytea_output', 'escape', 'hex'],
  ['standard_conforming_strings', 'off', 'on'],
  ['extra_float_digits', '-15', '1'],
  ['row_security', 'off', 'on'],
  ['array_nulls', 'off', 'on'],
  ['client_encoding', 'LATIN1', 'UTF8'],
  ['client_min_messages', 'error', 'notice'],
  ['exit_on_error', 'on', 'off'],
  ['check_function_bodies', 'off', 'on'],
  ['default_transaction_isolation', 'serializable', 'read committed'],
  ['default_transaction_read_only', 'on', 'off'],
  ['default_transaction_deferrable', 'on', 'off'],
  ['synchronous_commit', 'off', 'on'],
  ['statement_timeout', '999ms', '5s'],
  ['lock_timeout', '1ms', '2s'],
  ['idle_in_transaction_session_timeout', '1ms', '10s'],
  ['idle_session_timeout', '999ms', '0'],
  ['enable_indexscan', 'off', 'on'],
  ['enable_seqscan', 'on', 'off'],
]
const show = statement(
  'test-show',
  `SELECT ${settings.map(([name]) => `current_setting('${name}') AS "${name}"`).join(', ')}`,
)
const expected = Object.fromEntries(settings.map(([name, , right]) => [name, right]))

const values = statement(
  'test-values',
  String.raw`SELECT timestamptz '2026-03-04T05:06:07.089Z' AS at, '\x00ff'::bytea AS bytes, 0.1::float8 + 0.2 AS sum,
    $1::text[] AS list, 'a\nb' AS text, (SELECT count(*)::integer FROM effects) AS effects`,
)
const expectedValues = [
  {
    at: new Date('2026-03-04T05:06:07.089Z'),
    bytes: Buffer.from([0x00, 0xff]),
    sum: 0.1 + 0.2,
    list: ['a', null],
    text: String.raw`a\nb`,
    effects: 0,
  },
]

describe('the session of a connection', () => {
  let own: DatabaseForTest
  let role: string

  before(async () => {
    own = await DatabaseForTest.create()
    await own.sql('CREATE SCHEMA other')
    // A table that hides the real one where the schema `other` comes first.
    await own.sql(`CREATE TABLE other.effects AS SELECT n FROM generate_series(1, 9) AS n`)
  })

  after(async () => own?.drop())

  beforeEach(async () => {
    role = `role_${randomBytes(6).toString('hex')}`
    await own.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'p'`)
    await own.sql(`GRANT ALL ON ALL TABLES IN SCHEMA public, other TO ${role}`)
    await own.sql(`GRANT USAGE ON SCHEMA other TO ${role}`)
    // As above, with the default search_path.
    await own.sql(`CREATE SCHEMA ${role} AUTHORIZATION ${role}`)
    await own.sql(`CREATE TABLE ${role}.effects AS SELECT n FROM generate_series(1, 9) AS n`)
  })

  afterEach(async () => {
    // The administrator's sessions have the settings of the database too.
    await own.sql(`SET transaction_read_only = off; ALTER DATABASE ${own.target.name} RESET ALL`)
    await own.sql(`TRUNCATE public.effects; DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`)
  })

  const asRole = (more: Partial<DatabaseOptions> = {}): Database =>
    own.open({ user: role, password: 'p', poolMax: 2, ...more })

  for (const place of ['ROLE', 'DATABASE']) {
    it(`has the settings the code relies on, regardless of ALTER ${place} … SET`, async () => {
      const target = place === 'ROLE' ? role : own.target.name
      await own.sql(settings.map(([name, wrong]) => `ALTER ${place} ${target} SET ${name} = '${wrong}'`).join(';'))
      const database = asRole()
      await database.verifySessions()
      assert.deepEqual(await database.query(show), [expected])
      assert.deepEqual(await database.query(values, [['a', null]]), expectedValues)
      await database.transaction(async (tx) => {
        assert.deepEqual(await tx.query(show), [expected])
        tx.write(statement('test-add', 'INSERT INTO effects (id, n) VALUES (gen_random_uuid(), 1)'))
      })
      assert.deepEqual(await own.sql('SELECT n FROM public.effects'), [{ n: 1 }])
    })

    it(`of a migration has them too, regardless of ALTER ${place} … SET`, async () => {
      const empty = await DatabaseForTest.create({ empty: true })
      try {
        await empty.sql(`SET transaction_read_only = off; ALTER DATABASE ${empty.target.name} RESET ALL`)
        await empty.sql(`ALTER DATABASE ${empty.target.name} OWNER TO ${role}`)
        await empty.sql('CREATE SCHEMA other')
        const target = place === 'ROLE' ? role : empty.target.name
        const alter = `ALTER ${place} ${target} SET`
        await empty.sql(settings.map(([name, wrong]) => `${alter} ${name} = '${wrong}'`).join(';'))
        const address = { ...empty.target, user: role, password: 'p' }
        assert.ok((await migrate(address, 'inventory', () => undefined)) > 0)
        assert.equal(await schemaMismatch(empty.open(), { messaging: 1, inventory: 1 }), undefined)
        assert.deepEqual(await empty.sql(`SELECT FROM pg_tables WHERE schemaname = 'other'`), [])
      } finally {
        await empty.sql(`SET transaction_read_only = off; ALTER DATABASE ${empty.target.name} RESET ALL`)
        await empty.sql(`ALTER DATABASE ${empty.target.name} OWNER TO CURRENT_USER`)
        await empty.sql(`DROP OWNED BY ${role} CASCADE`)
        await empty.drop()
      }
    })
  }

  it('keeps a stronger commit, and makes a weaker one on', async () => {
    const commit = statement('test-commit', `SELECT current_setting('synchronous_commit') AS value`)
    for (const [set, value] of [
      ['local', 'on'],
      ['remote_write', 'on'],
      ['on', 'on'],
      ['remote_apply', 'remote_apply'],
    ]) {
      await own.sql(`ALTER ROLE ${role} SET synchronous_commit = ${set}`)
      assert.deepEqual(await asRole().query(commit), [{ value }], set)
    }
  })

  it('is read-only on request', async () => {
    await assert.rejects(asRole({ readOnly: true }).query(statement('test-del', 'DELETE FROM effects')), /read-only/)
  })

  it('that cannot be set refuses the start with one sentence', async () => {
    await own.sql(`ALTER ROLE ${role} SET session_replication_role = 'replica'`)
    const database = asRole()
    const sentence =
      /^The database refuses a session setting that this program relies on: permission denied to set parameter "session_replication_role"; [^.]+ \(ALTER … RESET\), or from the pooler\.$/
    const refused = (error: unknown): boolean => error instanceof UnusableSession && sentence.test(error.message)
    await assert.rejects(
      database.query(show),
      (error) => error instanceof DependencyUnavailable && refused(error.cause),
    )
    const signal = AbortSignal.timeout(20_000)
    const waiting = { signal, prepare: () => database.verifySessions(), onWait: () => undefined }
    await assert.rejects(waitForSchema(database, { messaging: 1 }, waiting), refused)
    await assert.rejects(
      migrate({ ...own.target, user: role, password: 'p' }, 'inventory', () => undefined),
      refused,
    )
  })

  it('that lost a setting is found out at the start', async () => {
    const database = asRole()
    await database.verifySessions()
    await database.query(statement('test-lose', `SELECT set_config('TimeZone', 'Asia/Kathmandu', false)`))
    await assert.rejects(
      database.verifySessions(),
      /The session setting TimeZone at 127\.0\.0\.1:\d+ is "Asia\/Kathmandu"/,
    )
  })
})
