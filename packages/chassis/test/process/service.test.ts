// needs: database, broker
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { PaymentRefunded, PaymentRefundRequested, deadLetterQueue, topologyOf } from '@order-saga/contracts'
import { testServers, waitUntil } from '@order-saga/dev'
import { freePort } from '../../../../tools/dev/src/free-port.ts'
import { declareTopology } from '../../src/messaging/topology.ts'
import { migrate } from '../../src/persistence/migrate.ts'
import { BrokerForTest } from '../support/broker-for-test.ts'
import { DatabaseForTest } from '../support/database-for-test.ts'
import { outgoing } from '../support/deliveries.ts'
import { assertBuilt } from '@order-saga/tests/support/built'
import { FaultProxy } from '@order-saga/tests/support/fault-proxy'
import { exchange } from '@order-saga/tests/support/raw-client'
import { TinyProcess } from '../support/tiny-process.ts'

describe('a process on the chassis', function () {
  this.timeout(90_000)
  let broker: BrokerForTest
  let store: DatabaseForTest
  let toDatabase: FaultProxy
  let toBroker: FaultProxy
  let environment: Record<string, string>
  let orderQueue: string
  const processes: TinyProcess[] = []

  before(() => assertBuilt([]))

  beforeEach(async () => {
    broker = await BrokerForTest.create()
    store = await DatabaseForTest.create()
    toDatabase = await FaultProxy.start(store.target.port)
    toBroker = await FaultProxy.start((await testServers().rabbitMq()).port)
    orderQueue = `${broker.queue}_order`
    environment = {
      RABBITMQ_URL: toBroker.through(broker.url),
      ORDER_EXCHANGE: broker.exchange,
      PAYMENT_QUEUE: broker.queue,
      ORDER_QUEUE: orderQueue,
      RETRY_DELAYS_MS: '50,100',
      DB_HOST: '127.0.0.1',
      DB_PORT: String(toDatabase.port),
      DB_NAME: store.target.name,
      DB_USER: store.target.user,
      DB_PASSWORD: store.target.password,
    }
  })

  afterEach(async () => {
    await Promise.all(processes.splice(0).map((one) => one.kill()))
    const names = ['', '.dlq', '.retry.50', '.retry.100'].map((suffix) => `${orderQueue}${suffix}`)
    await broker.use(async (channel) => {
      for (const name of names) await channel.deleteQueue(name)
    })
    await broker.drop()
    await store.drop()
    await Promise.all([toDatabase, toBroker].map((proxy) => proxy.close()))
  })

  async function run(more: Record<string, string> = {}, port?: number): Promise<TinyProcess> {
    const one = new TinyProcess({ ...environment, ...more }, port ?? (await freePort()))
    processes.push(one)
    return one
  }

  const effects = async (): Promise<number> =>
    (await store.sql<{ n: number }>('SELECT count(*)::int AS n FROM effects'))[0]?.n ?? -1

  const unpublished = (): Promise<{ n: number }[]> =>
    store.sql('SELECT count(*)::int AS n FROM events WHERE published_at IS NULL')

  const inQueue = (queue: string, count: number, what: string): Promise<true> =>
    waitUntil(async () => (await broker.ready(queue)) === count, {
      what,
      limitMs: 10_000,
      state: () => broker.ready(queue),
    })

  it('survives late, lost and restored dependencies, and reports why it is not ready', async () => {
    const empty = await DatabaseForTest.create({ empty: true })
    await toBroker.refuse()
    const one = await run({ DB_NAME: empty.target.name })
    assert.match(await one.answers('/readyz', 503), /The database has no schema yet: run its migrations/)
    assert.deepEqual(await one.get('/healthz'), { status: 200, body: '{"status":"ok"}' })
    await migrate(empty.target, 'inventory', () => undefined)
    await one.said('broker is not reachable')
    assert.match((await one.get('/readyz')).body, /The broker is not connected/)
    await toBroker.accept()
    await one.answers('/readyz', 200)
    await toDatabase.refuse()
    assert.match(await one.answers('/readyz', 503), /database is unavailable/)
    assert.equal((await one.get('/healthz')).status, 200)
    await toDatabase.accept()
    await one.answers('/readyz', 200)
    toDatabase.silence()
    assert.match(await one.answers('/readyz', 503), /no answer within 2000 ms/)
    toDatabase.pass()
    await one.answers('/readyz', 200)
    await one.kill()
    await empty.drop()
  })

  it('serves its metrics under the names of the contract, and survives invalid requests', async () => {
    const one = await run()
    await one.answers('/readyz', 200)
    await broker.send([outgoing()])
    const metrics = await waitUntil(
      async () => {
        const { body } = await one.get('/metrics')
        return (
          /outbox_published_total\{.*\} 1/.test(body) && /event_consumed_total\{.*"processed"\} 1/.test(body) && body
        )
      },
      { what: 'the event to be counted', limitMs: 20_000 },
    )
    for (const line of metrics.split('\n').filter((text) => text !== '')) {
      assert.match(
        line,
        /^(# (HELP|TYPE) [a-z0-9_]+ .+|[a-z0-9_]+(\{([a-z_]+="[^"]*",?)+\})? (-?[0-9.e+-]+|Nan|\+Inf))$/i,
      )
    }
    const names = new Set([...metrics.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`))
    for (const expected of [
      'outbox_pending_events gauge',
      'outbox_oldest_pending_seconds gauge',
      'outbox_parked_events gauge',
      'outbox_published_total counter',
      'db_pool_connections gauge',
      'event_consumed_total counter',
      'event_redelivered_total counter',
      'event_handling_seconds histogram',
      'event_delivery_seconds histogram',
      'http_request_duration_seconds histogram',
      'process_cpu_seconds_total counter',
      'nodejs_eventloop_lag_seconds gauge',
    ]) {
      assert.ok(names.has(expected), expected)
    }
    assert.match(metrics, /outbox_published_total\{event="payment.refunded"\} 1/)
    for (const target of ['//', '///x', 'http://[', '*', '/?', '/%']) {
      const answer = await exchange(one.opsPort, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      assert.match(String(answer.status), /^40[04]$/, target)
      assert.equal(answer.problem?.['status'], answer.status)
    }
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      for (const like of [path, `${path}?x=1`, `${path}/`, `http://x${path}`]) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await exchange(
            one.opsPort,
            `${method} ${like} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
          )
          assert.equal(answer.status, 200, `${method} ${like}`)
          assert.equal(answer.received.endsWith('\r\n\r\n'), method === 'HEAD')
        }
      }
      for (const method of ['POST', 'TRACE', 'FOO']) {
        const answer = await exchange(one.opsPort, `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
        assert.equal(answer.status, 405, `${method} ${path}`)
        assert.equal(answer.problem?.['status'], 405)
        assert.match(answer.received, /\r\nallow: GET, HEAD, OPTIONS\r\n/i)
      }
    }
    assert.equal((await one.get('/healthz')).status, 200)
  })

  it('drains on SIGTERM: running work is completed, acknowledged and published, then it exits with 0', async () => {
    const one = await run({ REACTION_MS: '800', LAST_WORD: 'refund' })
    await one.answers('/readyz', 200)
    const { address } = await one.said('api listens')
    await broker.send([outgoing()])
    await one.said('reaction begins')
    const request = fetch(`http://127.0.0.1:${(address as AddressInfo).port}/`)
    await one.said('request begins')
    one.signal('SIGTERM')
    await one.said('stopping')
    await waitUntil(async () => (await broker.consumers()) === 0, {
      what: 'the consumer to be cancelled',
      limitMs: 10_000,
    })
    await broker.send([outgoing()])
    assert.equal((await one.get('/readyz')).status, 503)
    assert.equal((await one.get('/healthz')).status, 200)
    assert.equal(await (await request).text(), 'done')
    assert.equal((await one.exited).code, 0)
    const messages = one.lines.map(({ msg }) => msg)
    const order = ['stopping', 'stop requested', 'reaction ends', 'request ends', 'drain hook', 'stopped'].map((msg) =>
      messages.indexOf(msg),
    )
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    )
    assert.ok(!order.includes(-1), messages.join(', '))
    assert.equal(await effects(), 1)
    assert.deepEqual(await unpublished(), [{ n: 0 }])
    await inQueue(orderQueue, 2, 'the answer, and what was appended while draining')
    await inQueue(broker.queue, 1, 'what came later, left to others')
    assert.deepEqual(
      one.lines.filter(({ level = 0, msg }) => level > 30 && !msg.startsWith('TOPOLOGY=declare')),
      [],
      'nothing to warn of',
    )
  })

  it('exits with 1 and one log line when it exceeds the shutdown time limit', async () => {
    const one = await run({ REACTION_MS: '60000', SHUTDOWN_TIMEOUT_MS: '300' })
    await one.answers('/readyz', 200)
    await broker.send([outgoing()])
    await one.said('reaction begins')
    const from = performance.now()
    one.signal('SIGTERM')
    assert.equal((await one.exited).code, 1)
    const tookMs = performance.now() - from
    assert(tookMs < 10_000, `it took ${tookMs} ms`)
    await one.said('not stopped within the time limit')
    await inQueue(broker.queue, 1, 'the message that was in its hands')
  })

  it('exits with 1 when a step of the shutdown failed, and completes the other steps', async () => {
    const one = await run({ LAST_WORD: 'fails' })
    await one.answers('/readyz', 200)
    one.signal('SIGTERM')
    assert.equal((await one.exited).code, 1)
    assert.equal((await one.said('stopping failed'))['reason'], 'one word too many')
    assert.deepEqual(await unpublished(), [{ n: 0 }])
    await inQueue(orderQueue, 1, 'what was appended before the failure')
  })

  it('stops at once while it waits for its database', async () => {
    await toDatabase.refuse()
    const one = await run()
    await one.said('waiting for the database')
    const asked = performance.now()
    one.signal('SIGTERM')
    assert.equal((await one.exited).code, 0)
    assert.ok(performance.now() - asked < 5_000)
  })

  it('refuses a port in use in one sentence', async () => {
    const taken = createServer().listen(0)
    await once(taken, 'listening')
    const one = await run({}, (taken.address() as AddressInfo).port)
    assert.equal((await one.exited).code, 1)
    assert.deepEqual(
      one.lines.filter(({ msg }) => !msg.startsWith('TOPOLOGY=declare')).map(({ msg }) => msg.replace(/:\d+$/, ':N')),
      ['payment could not start: listen EADDRINUSE: address already in use 127.0.0.1:N'],
    )
    taken.close()
  })

  it('refuses an invalid setting in one sentence', async () => {
    const one = await run({ DB_POOL_MAX: '12abc' })
    assert.equal((await one.exited).code, 1)
    assert.equal(one.errors, 'DB_POOL_MAX must be an integer from 2 to 200 (connections), but is "12abc".\n')
    assert.deepEqual(one.lines, [])
  })

  it('refuses queues with other arguments in one sentence', async () => {
    const queues = [
      { service: 'payment' as const, queue: broker.queue, events: [PaymentRefundRequested] },
      { service: 'order' as const, queue: orderQueue, events: [PaymentRefunded] },
    ]
    const made = topologyOf({ exchange: broker.exchange, queues, retryDelaysMs: [50, 100] })
    await broker.use(async (channel) => {
      await declareTopology(channel, made)
      await channel.deleteQueue(deadLetterQueue(orderQueue))
      await channel.assertQueue(deadLetterQueue(orderQueue), { durable: true })
    })
    const one = await run()
    assert.equal((await one.exited).code, 1)
    const last = one.lines.at(-1)
    assert.match(last?.msg ?? '', /^The broker has a queue or exchange with other arguments than this version declares/)
    assert.equal(last?.['stack'], undefined)
  })
})
