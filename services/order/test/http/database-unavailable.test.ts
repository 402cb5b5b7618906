// needs: own-servers
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type PostgresServer, waitUntil } from '@order-saga/dev'
import { v7 as uuidv7 } from 'uuid'
import { type Answer, OrderApi, orderDatabase, someOrder } from './order-api.ts'

/** A client waits no longer than this for any answer. */
const requestTimeoutMs = 5_000

async function timed(ask: () => Promise<Answer>): Promise<Answer & { ms: number }> {
  const started = performance.now()
  const answer = await ask()
  return { ...answer, ms: performance.now() - started }
}

function isUnavailable(answer: Answer & { ms: number }): void {
  assert.equal(answer.status, 503, answer.text)
  assert.equal(answer.headers.get('content-type'), 'application/problem+json')
  assert.equal(answer.headers.get('retry-after'), '2')
  assert.doesNotMatch(answer.text, /ECONN|127\.0\.0\.1|timeout|terminat|pool/i)
  assert.ok(answer.ms < requestTimeoutMs, `${answer.ms} ms`)
}

describe('while the database is unavailable', function () {
  this.timeout(60_000)
  let postgres: PostgresServer
  let api: OrderApi
  before(async () => {
    postgres = await orderDatabase('database_away')
  })
  beforeEach(async () => {
    api = await OrderApi.start({ database: 'database_away', poolMax: 4, answerMs: 2_500 })
    assert.equal((await api.post(someOrder())).status, 202)
  })
  afterEach(async () => await api.close())

  async function recovered(): Promise<void> {
    await waitUntil(async () => (await api.post(someOrder())).status === 202, {
      what: 'an order to be accepted',
      limitMs: 20_000,
    })
    assert.equal((await api.get('/orders')).status, 200)
  }

  it('answers 503 with Retry-After when it has crashed, and recovers by itself', async () => {
    await postgres.kill()
    try {
      isUnavailable(await timed(() => api.post(someOrder())))
      isUnavailable(await timed(() => api.get('/orders')))
      isUnavailable(await timed(() => api.get(`/orders/${uuidv7()}`)))
      isUnavailable(await timed(() => api.get(`/sagas/${uuidv7()}`)))
      const many = await Promise.all(Array.from({ length: 100 }, () => timed(() => api.post(someOrder()))))
      for (const answer of many) isUnavailable(answer)
    } finally {
      await postgres.restart()
    }
    await recovered()
  })

  it('still refuses invalid requests', async () => {
    await postgres.kill()
    try {
      isUnavailable(await timed(() => api.post(someOrder())))
      assert.equal((await api.post(someOrder({ amount: -1 }))).status, 400)
      assert.equal((await api.get('/nothing')).status, 404)
    } finally {
      await postgres.restart()
    }
    await recovered()
  })

  it('answers in time when it does not respond, at once when the breaker is open, and creates no refused order', async () => {
    const late = someOrder()
    await postgres.pause()
    try {
      const first = await Promise.all([
        timed(() => api.post(someOrder())),
        // By then the first is in flight, and these wait for the next transaction.
        ...[late, someOrder(), someOrder(), someOrder()].map(async (order) => {
          await waitUntil(() => api.database.poolState.idle === 0, {
            what: 'a transaction',
            limitMs: 2_000,
            intervalMs: 5,
          })
          return await timed(() => api.post(order))
        }),
      ])
      for (const answer of first) isUnavailable(answer)
      const known = await Promise.all(Array.from({ length: 10 }, () => timed(() => api.post(someOrder()))))
      for (const answer of known) isUnavailable(answer)
      // One of them was sent to see whether it is back.
      assert.ok(known.filter(({ ms }) => ms < 2_000).length >= 9, known.map(({ ms }) => ms).join())
      isUnavailable(await timed(() => api.get('/orders')))
    } finally {
      await postgres.resume()
    }
    await recovered()
    const { json } = await api.get(`/orders?customerId=${String(late['customerId'])}`)
    assert.deepEqual(json['orders'], [])
  })

  it('answers 503 in time when all connections are taken', async () => {
    const done = new AbortController()
    const taken = once(done.signal, 'abort')
    const users = Array.from({ length: 4 }, () =>
      api.database.transaction(async (tx) => {
        await tx.query({ name: 'test-hold', text: 'SELECT 1' })
        await taken
      }),
    )
    await waitUntil(() => api.database.poolState.total === 4 && api.database.poolState.idle === 0, {
      what: 'all connections to be in use',
      limitMs: 5_000,
    })
    const [write, read] = await Promise.all([timed(() => api.post(someOrder())), timed(() => api.get('/orders'))])
    isUnavailable(write)
    isUnavailable(read)
    done.abort()
    await Promise.all(users)
    await recovered()
  })

  it('replaces every connection that the server closed', async () => {
    await Promise.all(Array.from({ length: 20 }, () => api.get('/orders')))
    await api.database.query({
      name: 'test-terminate',
      text: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'order-http-test' AND pid <> pg_backend_pid() AND datname = current_database()`,
    })
    await recovered()
  })
})
