// needs: own-servers
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { testServers, waitUntil } from '@order-saga/dev'
import { Client, Pool, type PoolConfig } from 'pg'
import { type Database, databaseLimits, statement } from '../../src/persistence/database.ts'
import { findProcessed } from '../../src/persistence/inbox.ts'
import { writeMessages } from '../../src/persistence/outbox.ts'
import { BlockedByLock, type BlockingSession } from '../../src/persistence/lock-wait.ts'
import { DependencyUnavailable } from '../../src/core/errors.ts'
import { DatabaseForTest } from '../support/database-for-test.ts'
import { FaultProxy } from '@order-saga/tests/support/fault-proxy'

const backend = statement('test-backend', 'SELECT pg_backend_pid() AS pid')
const addEffect = statement('test-add-effect', 'INSERT INTO effects (id) VALUES ($1)')
const bump = statement('test-bump', 'UPDATE effects SET n = n + 1 WHERE id = $1')
const readEffect = statement('test-read-effect', 'SELECT n FROM effects WHERE id = $1')
const raise = statement('test-raise', 'SELECT raise($1, $2)')
const nonsense = statement('test-nonsense', 'SELECT 1/0')

/** Milliseconds until it failed because the database was unavailable. */
async function timed(work: Promise<unknown>): Promise<number> {
  const start = performance.now()
  await assert.rejects(work, DependencyUnavailable)
  return performance.now() - start
}

describe('the database', () => {
  let own: DatabaseForTest
  let database: Database

  before(async () => {
    own = await DatabaseForTest.create()
    database = own.open()
  })

  after(async () => own?.drop())

  it('commits what a transaction wrote, all of it or nothing', async () => {
    const [kept, lost] = [randomUUID(), randomUUID()]
    await database.transaction(async (tx) => {
      await tx.query(addEffect, [kept])
      tx.write(bump, [kept])
    })
    await assert.rejects(
      database.transaction(async (tx) => {
        await tx.query(addEffect, [lost])
        throw new Error('changed its mind')
      }),
      /changed its mind/,
    )
    assert.deepEqual(await own.sql('SELECT id, n FROM effects WHERE id IN ($1, $2)', [kept, lost]), [
      { id: kept, n: 1 },
    ])
  })

  it('reports the write that failed, not the statements after it', async () => {
    const id = randomUUID()
    const work = database.transaction(async (tx) => {
      tx.write(statement('test-no-table', 'INSERT INTO nowhere VALUES (1)'))
      tx.write(addEffect, [id])
      await tx.query(readEffect, [id])
    })
    await assert.rejects(work, /relation "nowhere" does not exist/)
    assert.deepEqual(await own.sql('SELECT id FROM effects WHERE id = $1', [id]), [])
  })

  it('commits nothing of a transaction without reads if a statement fails, or the commit itself', async () => {
    await own.sql('CREATE TABLE late_check (id uuid UNIQUE DEFERRABLE INITIALLY DEFERRED)')
    const late = statement('test-late-check', 'INSERT INTO late_check VALUES ($1)')
    const [id, after] = [randomUUID(), randomUUID()]
    for (const [failing, message] of [
      [nonsense, /division by zero/],
      [statement('test-slow', 'SELECT pg_sleep(10)'), /statement timeout/],
      [late, /duplicate key/],
    ] as const) {
      const quick = own.open({ poolMax: 1, limits: { ...databaseLimits, statementMs: 500 } })
      const work = quick.transaction(async (tx) => {
        tx.write(addEffect, [id])
        if (failing === late) tx.write(late, [id])
        tx.write(failing, failing === late ? [id] : [])
        tx.write(addEffect, [after])
      })
      await assert.rejects(work, message)
      await quick.transaction(async (tx) => tx.write(bump, [id]))
    }
    assert.deepEqual(await own.sql('SELECT id FROM effects WHERE id IN ($1, $2)', [id, after]), [])
  })

  it('does not report a failed transaction as committed although its error was ignored', async () => {
    const id = randomUUID()
    const work = database.transaction(async (tx) => {
      await tx.query(addEffect, [id])
      await tx.query(nonsense).catch(() => undefined)
    })
    await assert.rejects(work, /division by zero/)
    assert.deepEqual(await own.sql('SELECT id FROM effects WHERE id = $1', [id]), [])
  })

  it('costs two round trips per transaction with reads and writes, and one per statement', async () => {
    let asked = 0
    const createPool = (config: PoolConfig): Pool => {
      const pool = new Pool(config)
      pool.on('connect', (client) => {
        const query = client.query.bind(client) as (...values: unknown[]) => unknown
        client.query = ((...values: unknown[]) => {
          asked += 1
          return query(...values)
        }) as typeof client.query
      })
      return pool
    }
    const counted = own.open({ createPool })
    const ids = [randomUUID(), randomUUID()]
    const read = await counted.transaction(async (tx) => {
      const found = await Promise.all(ids.map((id) => tx.query(readEffect, [id])))
      for (const id of ids) {
        tx.write(addEffect, [id])
        tx.write(bump, [id])
      }
      return found
    })
    assert.deepEqual(read, [[], []])
    assert.equal(asked, 2)
    assert.deepEqual(await counted.query(readEffect, [ids[1]]), [{ n: 1 }])
    assert.equal(asked, 3)
  })

  it('does not commit without a write that could not be sent', async () => {
    const id = randomUUID()
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    const work = database.transaction(async (tx) => {
      tx.write(addEffect, [id])
      tx.write(bump, [circular])
    })
    await assert.rejects(work, /circular/)
    assert.deepEqual(await own.sql('SELECT id FROM effects WHERE id = $1', [id]), [])
  })

  it('prepares a statement again that had failed to be prepared', async () => {
    const single = own.open({ poolMax: 1 })
    const late = statement('test-late', 'SELECT n FROM late')
    const both = (): Promise<object[][]> =>
      single.transaction(async (tx) => await Promise.all([tx.query(readEffect, [randomUUID()]), tx.query(late)]))
    await assert.rejects(both(), /relation "late" does not exist/)
    await own.sql('CREATE TABLE late AS SELECT 7 AS n')
    assert.deepEqual(await both(), [[], [{ n: 7 }]])
  })

  it('keeps the connection of a transaction that was rolled back', async () => {
    const pool = own.open({ poolMax: 1 })
    const before = await pool.query(backend)
    await assert.rejects(pool.transaction(() => Promise.reject(new Error('changed its mind'))))
    assert.deepEqual(await pool.query(backend), before)
  })

  it('does not reuse a connection after an error: its server may be a former primary', async () => {
    const pool = own.open({ poolMax: 1 })
    const before = await pool.query(backend)
    await assert.rejects(pool.query(raise, ['25006', '']), DependencyUnavailable)
    assert.notDeepEqual(await pool.query(backend), before)
  })

  it('does not reuse a connection with an open transaction', async () => {
    await database.query(statement('test-begin', 'BEGIN'))
    const id = randomUUID()
    await database.query(addEffect, [id])
    assert.equal((await own.sql('SELECT id FROM effects WHERE id = $1', [id])).length, 1)
  })

  describe('does again at once', () => {
    const cases: [what: string, state: string, constraint: string][] = [
      ['a serialization failure', '40001', ''],
      ['a deadlock', '40P01', ''],
      ['a lock not given in time', '55P03', ''],
      ['a race for a primary key that was lost', '23505', 'effects_pkey'],
    ]
    for (const [what, state, constraint] of cases) {
      it(what, async () => {
        const id = randomUUID()
        let tries = 0
        await database.transaction(async (tx) => {
          tries += 1
          await tx.query(addEffect, [id])
          if (tries < 3) await tx.query(raise, [state, constraint])
        })
        assert.equal(tries, 3)
      })
    }
  })

  it('reports a transaction that PostgreSQL always rejects as an unavailable database', async () => {
    await assert.rejects(
      database.transaction((tx) => tx.query(raise, ['40001', ''])),
      new DependencyUnavailable('database', 'raised 40001'),
    )
  })

  it('reports the original error of repeated primary key conflicts', async () => {
    await assert.rejects(
      database.transaction((tx) => tx.query(raise, ['23505', 'effects_pkey'])),
      (error: Error) => !(error instanceof DependencyUnavailable) && /raised 23505/.test(error.message),
    )
  })

  describe('does not repeat, and reports at once', () => {
    const cases: [what: string, state: string, constraint: string, unavailable: boolean][] = [
      ['another unique violation', '23505', 'effects_n_key', false],
      ['a violated rule', '23514', 'effects_n_check', false],
      ['malformed data', '22P02', '', false],
      ['a statement that took too long', '57014', '', true],
      ['a server that is shutting down', '57P01', '', true],
      ['a server that is starting', '57P03', '', true],
      ['a former primary', '25006', '', true],
      ['a server with too many connections', '53300', '', true],
      ['a full disk', '53100', '', true],
      ['an input/output error', '58030', '', true],
      ['a missing privilege', '42501', '', true],
    ]
    for (const [what, state, constraint, unavailable] of cases) {
      it(what, async () => {
        let tries = 0
        const work = database.transaction(async (tx) => {
          tries += 1
          await tx.query(raise, [state, constraint])
        })
        await assert.rejects(work, (error: Error) => {
          assert.match(error.message, new RegExp(`raised ${state}$`))
          assert.equal(error instanceof DependencyUnavailable, unavailable)
          return true
        })
        assert.equal(tries, 1)
      })
    }
  })

  it('names the statement and the session that blocks it, and does not report the database as unavailable', async () => {
    const id = randomUUID()
    await database.query(addEffect, [id])
    const timeouts: [string, readonly BlockingSession[]][] = []
    const limited = own.open({
      limits: { ...databaseLimits, lockMs: 250 },
      onLockTimeout: (statementName, blockedBy) => timeouts.push([statementName, blockedBy]),
    })
    const reporting = new Client({ connectionString: own.url, application_name: 'reporting' })
    await reporting.connect()
    try {
      await reporting.query('BEGIN')
      await reporting.query('UPDATE effects SET n = 7 WHERE id = $1', [id])
      const { rows } = await reporting.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      await assert.rejects(
        limited.transaction(async (tx) => {
          await tx.query(readEffect, [id])
          await tx.query(bump, [id])
        }),
        (error: Error) => {
          assert(error instanceof BlockedByLock && error instanceof DependencyUnavailable)
          assert.match(
            error.message,
            new RegExp(
              `^statement test-bump waits for a lock: lock time-out, blocked by pid ${rows[0]?.pid} ` +
                '\\(reporting, idle in transaction, transaction since 20',
            ),
          )
          return true
        },
      )
      const reported = timeouts.map(([name, blockedBy]) => `${name} ${blockedBy[0]?.application ?? '-'}`)
      assert.deepEqual([reported.length, reported[0], reported.at(-1)], [6, 'test-bump -', 'test-bump reporting'])
    } finally {
      await reporting.end()
    }
  })

  it('resolves a real deadlock', async () => {
    await own.sql(`ALTER DATABASE ${own.target.name} SET deadlock_timeout = '20ms'`)
    const fresh = own.open()
    const ids = [randomUUID(), randomUUID()]
    for (const id of ids) await fresh.query(addEffect, [id])
    let arrived = 0
    const both = async (): Promise<true> => {
      arrived += 1
      return await waitUntil(() => arrived >= 2, { what: 'both to hold a row', limitMs: 1_000, intervalMs: 1 })
    }
    const crossing = (order: string[]): Promise<void> =>
      fresh.transaction(async (tx) => {
        await tx.query(bump, [order[0]])
        await both()
        await tx.query(bump, [order[1]])
      })
    await Promise.all([crossing(ids), crossing(ids.toReversed())])
    assert.deepEqual(await own.sql('SELECT n FROM effects WHERE id = ANY($1)', [ids]), [{ n: 2 }, { n: 2 }])
    assert.ok(arrived > 2, 'one of them was done again')
  })

  describe('when connections are lost', () => {
    it('replaces idle connections', async () => {
      const pool = own.open()
      const held = await Promise.all([1, 2, 3].map(() => pool.query<{ pid: number }>(backend)))
      const pids = held.map(([row]) => row?.pid)
      await own.sql('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [pids])
      await waitUntil(() => pool.poolState.total === 0, {
        what: 'the pool to notice',
        limitMs: 2_000,
        intervalMs: 5,
        state: () => pool.poolState,
      })
      const [row] = await pool.query<{ pid: number }>(backend)
      assert.ok(!pids.includes(row?.pid ?? 0))
      assert.ok(own.lines.some(({ msg }) => msg === 'an idle database connection was lost'))
    })

    it('fails the open transaction only', async () => {
      const pool = own.open({ poolMax: 1 })
      const id = randomUUID()
      const work = pool.transaction(async (tx) => {
        const [row] = await tx.query<{ pid: number }>(backend)
        await tx.query(addEffect, [id])
        await own.sql('SELECT pg_terminate_backend($1)', [row?.pid])
        await tx.query(bump, [id])
      })
      await assert.rejects(work, DependencyUnavailable)
      assert.deepEqual(await pool.query(readEffect, [id]), [])
    })

    it('survives the loss of a connection while its transaction runs other work', async () => {
      const pool = own.open({ poolMax: 1 })
      const work = pool.transaction(async (tx) => {
        const [row] = await tx.query<{ pid: number }>(backend)
        const gone = 'SELECT count(*)::int AS n FROM pg_stat_activity WHERE pid = $1'
        await own.sql('SELECT pg_terminate_backend($1)', [row?.pid])
        await waitUntil(async () => (await own.sql(gone, [row?.pid]))[0]?.['n'] === 0, {
          what: 'the backend to be gone',
          limitMs: 2_000,
          intervalMs: 5,
        })
      })
      await assert.rejects(work, DependencyUnavailable)
      assert.equal((await pool.query(backend)).length, 1)
    })

    it('fails with DependencyUnavailable while the server is down, and works again after its restart', async () => {
      const server = await testServers().postgres()
      const pool = own.open()
      const ids = [1, 2, 3, 4].map(() => randomUUID())
      for (const id of ids) await pool.query(addEffect, [id])
      const failures: unknown[] = []
      let committed = 0
      const stop = new AbortController()
      const load = ids.map(async (id) => {
        while (!stop.signal.aborted) {
          await pool
            .transaction((tx) => tx.query(bump, [id]))
            .then(
              () => (committed += 1),
              (error: unknown) => failures.push(error),
            )
          await new Promise((resolve) => setTimeout(resolve, 1))
        }
      })
      const more = async (what: string, count: () => number): Promise<void> => {
        const from = count()
        await waitUntil(() => count() > from + 20, { what, limitMs: 20_000, state: () => [committed, failures.length] })
      }
      await more('commits', () => committed)
      await server.kill()
      await more('failures', () => failures.length)
      await server.restart()
      await more('commits', () => committed)
      stop.abort()
      await Promise.all(load)
      assert.deepEqual(
        failures.filter((error) => !(error instanceof DependencyUnavailable)),
        [],
      )
      const [sum] = await own.sql<{ n: number }>('SELECT sum(n)::int AS n FROM effects WHERE id = ANY($1)', [ids])
      const unknown = (sum?.n ?? 0) - committed
      assert.ok(unknown >= 0 && unknown <= ids.length, `${sum?.n} effects of ${committed} commits`)
    })
  })

  describe('behind a network', () => {
    let proxy: FaultProxy

    before(async () => (proxy = await FaultProxy.start(own.target.port)))

    after(async () => proxy?.close())

    it('that stopped responding fails every call within its limits', async () => {
      const limits = { ...databaseLimits, connectMs: 1_000, queryMs: 600 }
      const pool = own.open({ port: proxy.port, poolMax: 3, limits })
      let silent: (() => void) | undefined
      const silence = new Promise<void>((resolve) => (silent = resolve))
      const inTransaction = timed(
        pool.transaction(async (tx) => {
          await tx.query(backend)
          await silence
          await tx.query(backend)
        }),
      )
      await pool.query(backend)
      await waitUntil(() => pool.poolState.idle === 1, { what: 'an idle connection', limitMs: 1_000, intervalMs: 1 })
      proxy.silence()
      const onIdle = timed(pool.query(backend))
      const connecting = timed(pool.query(backend))
      const waiting = timed(pool.query(backend))
      silent?.()
      const took = await Promise.all([inTransaction, onIdle, connecting, waiting])
      assert.ok(
        took.every((ms) => ms < 4_000),
        `they took ${took.map(Math.round).join(', ')} ms`,
      )
      proxy.pass()
      // A busy machine may take longer than the limit for the first connection.
      const answers = async (): Promise<boolean> => (await pool.query(backend).catch(() => [])).length === 1
      await waitUntil(answers, { what: 'a response after the silence', limitMs: 15_000 })
    })

    it('that breaks between COMMIT and its answer reports the outcome as unknown; done again, the effect is there once', async () => {
      const pool = own.open({ port: proxy.port })
      const [eventId, id] = [randomUUID(), randomUUID()]
      await pool.query(addEffect, [id])
      const react = (): Promise<string> =>
        pool.transaction(async (tx) => {
          const processed = await findProcessed(tx, 'test_queue', [eventId])
          if (processed.has(eventId)) return 'duplicate'
          tx.write(bump, [id])
          writeMessages(tx, { claims: { consumer: 'test_queue', ids: [eventId] }, now: new Date() })
          return 'processed'
        })
      const cut = proxy.cutReply('COMMIT')
      await assert.rejects(react(), DependencyUnavailable)
      await cut
      assert.equal(await react(), 'duplicate')
      assert.deepEqual(await own.sql('SELECT n FROM effects WHERE id = $1', [id]), [{ n: 1 }])
    })
  })

  it('fails when every connection is in use for longer than its limit', async () => {
    const pool = own.open({ poolMax: 2, limits: { ...databaseLimits, connectMs: 1_000 } })
    let release: (() => void) | undefined
    const released = new Promise<void>((resolve) => (release = resolve))
    const busy = [1, 2].map(() => pool.transaction(() => released))
    const start = performance.now()
    await assert.rejects(pool.query(backend), DependencyUnavailable)
    const took = performance.now() - start
    assert.ok(took > 950 && took < 4_000, `it took ${took} ms`)
    release?.()
    await Promise.all(busy)
    assert.equal((await pool.query(backend)).length, 1)
  })

  it('limits every wait to 8 s', async () => {
    assert.equal(databaseLimits.queryMs, 8_000)
    const limits = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']
    const read = limits.map((name) => `current_setting('${name}') AS ${name}`).join(', ')
    assert.deepEqual(await own.open().query(statement('test-limits', `SELECT ${read}`)), [
      { statement_timeout: '5s', lock_timeout: '2s', idle_in_transaction_session_timeout: '10s' },
    ])
  })

  it('is unavailable while nobody listens, its name is unknown or the password is wrong', async () => {
    const proxy = await FaultProxy.start(own.target.port)
    await proxy.refuse()
    for (const wrong of [{ port: proxy.port }, { name: 'no_such_database' }, { password: 'wrong' }]) {
      await assert.rejects(own.open(wrong).query(backend), DependencyUnavailable)
    }
  })
})
