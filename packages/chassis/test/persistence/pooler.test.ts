// needs: database
import assert from 'node:assert/strict'
import { testServers } from '@order-saga/dev'
import { assertBuilt } from '@order-saga/tests/support/built'
import { installPgBouncer, type PgBouncer, startPgBouncer } from '@order-saga/tests/support/pgbouncer'
import { type Database, statement } from '../../src/persistence/database.ts'
import { migrate } from '../../src/persistence/migrate.ts'
import { waitForSchema } from '../../src/persistence/schema.ts'
import { isDatabaseUnavailable, UnusableSession } from '../../src/persistence/sql-errors.ts'
import { freePort } from '../../../../tools/dev/src/free-port.ts'
import { DatabaseForTest } from '../support/database-for-test.ts'
import { TinyProcess } from '../support/tiny-process.ts'

/** Each pools differently: newest first, in turn, and one server session for all. */
const sharing: readonly (readonly [name: string, lines: readonly string[]])[] = [
  ['', []],
  [', in turn', ['server_round_robin = 1', 'min_pool_size = 3']],
  [', with one server session', ['default_pool_size = 1']],
  [
    ', with ignored start-up parameters',
    ['ignore_startup_parameters = statement_timeout,lock_timeout,idle_in_transaction_session_timeout,options'],
  ],
]

describe('a connection pooler', function () {
  this.timeout(60_000)
  let own: DatabaseForTest
  const poolers: PgBouncer[] = []

  before(async function () {
    this.timeout(180_000)
    await assertBuilt([])
    if (!(await installPgBouncer())) this.skip()
    own = await DatabaseForTest.create()
  })
  after(async () => own?.drop())
  afterEach(async () => {
    for (const pooler of poolers.splice(0)) await pooler.stop()
  })

  async function behind(
    ...args: [mode: 'session' | 'transaction' | 'statement', lines?: readonly string[]]
  ): Promise<number> {
    const pooler = await startPgBouncer(await testServers().postgres(), ...args)
    poolers.push(pooler)
    return pooler.port
  }

  const refusal = (error: unknown): boolean =>
    error instanceof UnusableSession &&
    // Which of the two sentences depends on the server session that the second transaction gets.
    /^The (connection pooler|session setting \w+) at 127\.0\.0\.1:\d+ .*PgBouncer.*: set its pool_mode to session, or connect to PostgreSQL directly\.$/.test(
      error.message,
    )

  const start = (database: Database): Promise<void> =>
    waitForSchema(
      database,
      { messaging: 1 },
      {
        signal: AbortSignal.timeout(20_000),
        prepare: () => database.verifySessions(),
        onWait: () => undefined,
      },
    )

  for (const mode of ['transaction', 'statement'] as const) {
    for (const [name, lines] of sharing) {
      it(`in ${mode} mode${name} is refused at the start with one sentence`, async () => {
        const port = await behind(mode, lines)
        await assert.rejects(start(own.open({ port, poolMax: 2 })), refusal)
        const target = { ...own.target, port }
        await assert.rejects(
          migrate(target, 'inventory', () => undefined),
          refusal,
        )
      })
    }
  }

  it('in transaction mode is refused while other processes use it', async () => {
    const port = await behind('transaction')
    const others = own.open({ port, poolMax: 5 })
    const sleep = statement('test-sleep', 'SELECT pg_sleep(0.05)')
    const stop = new AbortController()
    const load = [1, 2, 3].map(async () => {
      while (!stop.signal.aborted) await others.query(sleep).catch(() => undefined)
    })
    try {
      await assert.rejects(start(own.open({ port, poolMax: 2 })), refusal)
    } finally {
      stop.abort()
      await Promise.all(load)
    }
  })

  it('in transaction mode ends a process with exit code 1 and the sentence', async () => {
    const { name, user, password } = own.target
    const database = { DB_HOST: '127.0.0.1', DB_NAME: name, DB_USER: user, DB_PASSWORD: password }
    const port = await behind('transaction')
    const service = new TinyProcess({ ...database, DB_PORT: String(port) }, await freePort())
    try {
      assert.equal((await service.exited).code, 1)
      const { level, msg } = service.lines.at(-1) ?? {}
      assert.match(
        msg ?? '',
        /^payment could not start: The connection pooler at 127\.0\.0\.1:\d+ \(PgBouncer or similar/,
      )
      assert.equal(level, 60)
    } finally {
      await service.kill()
    }
  })

  it('in session mode keeps settings and prepared statements, without ignored parameters', async () => {
    const port = await behind('session')
    const database = own.open({ port, poolMax: 3 })
    await start(database)
    const read = statement('test-read', `SELECT current_setting('statement_timeout') AS limit, pg_backend_pid() AS pid`)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => database.transaction(async (tx) => await tx.query<{ limit: string }>(read))),
    )
    assert.ok(answers.every(([row]) => row?.limit === '5s'))
    assert.equal(await migrate({ ...own.target, port }, 'inventory', () => undefined), 0)
  })

  it('that changes its mode later makes the database count as unavailable', async () => {
    const port = await behind('transaction')
    const databases = [1, 2, 3].map(() => own.open({ port, poolMax: 3 }))
    const effects = statement('test-effects', 'SELECT n FROM effects')
    const errors: unknown[] = []
    await Promise.all(
      databases.flatMap((database) =>
        Array.from({ length: 10 }, () =>
          database.transaction(async (tx) => await tx.query(effects)).catch((error: unknown) => errors.push(error)),
        ),
      ),
    )
    assert.ok(errors.length > 0)
    assert.deepEqual(
      errors.filter((error) => !(error instanceof Error && error.name === 'DependencyUnavailable')),
      [],
    )
  })

  for (const code of ['26000', '42P05', '08P01']) {
    it(`that answers ${code} is trouble of the database`, () => {
      assert.ok(isDatabaseUnavailable(Object.assign(new Error('x'), { code })))
    })
  }
})
