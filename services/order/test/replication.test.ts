// needs: own-servers
import assert from 'node:assert/strict'
import { type Database, DependencyUnavailable, on, Relay, statement } from '@order-saga/chassis'
import { OrderConfirmed, PaymentCompleted } from '@order-saga/contracts'
import { waitUntil } from '@order-saga/dev'
import { deliveredMessage } from '@order-saga/tests/support/message'
import { Standby } from '@order-saga/tests/support/standby'
import { Client } from 'pg'
import { v7 as uuidv7 } from 'uuid'

import type { Publisher } from '../../../packages/chassis/src/messaging/publisher.ts'
import { Reactor } from '../../../packages/chassis/src/persistence/reactor.ts'
import { OrderApi, orderDatabase, someOrder } from './http/order-api.ts'

const name = 'replicated_orders'

describe('while the synchronous standby does not respond', function () {
  this.timeout(60_000)
  let api: OrderApi
  let database: Database
  let admin: Client
  let standby: Standby

  before(async () => {
    const postgres = await orderDatabase(name)
    admin = new Client({ connectionString: postgres.url(name) })
    await admin.connect()
    // A session that kept it would never see a warning.
    await admin.query('ALTER ROLE postgres SET client_min_messages = error')
    standby = await Standby.of(postgres)
    api = await OrderApi.start({ database: name })
    database = api.database
  })
  beforeEach(async () => standby.pause())
  afterEach(async () => standby.resume())
  after(async () => {
    await api?.close()
    await standby?.stop()
    await admin.query('ALTER ROLE postgres RESET client_min_messages')
    await admin.end()
  })

  /** Past the sessions of the service: it shows a commit that was not replicated, too. */
  async function count(table: string, where: string, value: unknown): Promise<number> {
    const text = `SELECT count(*)::integer AS count FROM ${table} WHERE ${where} = $1`
    return (await admin.query<{ count: number }>(text, [value])).rows[0]?.count ?? -1
  }

  const customer = (order: Record<string, unknown>): unknown => order['customerId']

  const isUnavailable = (error: unknown): boolean => {
    assert.ok(error instanceof DependencyUnavailable, String(error))
    assert.match(error.message, /the commit came with the warning 01000 /)
    return true
  }

  it('an order whose commit is reported with a warning is answered with 503, and its event is not published', async () => {
    const order = someOrder()
    const offered = api.offered.length
    const answer = api.post(order)
    await standby.cancelWait()
    const { status, headers, text } = await answer
    assert.equal(status, 503)
    assert.equal(headers.get('retry-after'), '2')
    assert.doesNotMatch(text, /warning|01000|synchronous/)
    assert.equal(await count('orders', 'customer_id', customer(order)), 1)
    assert.equal(api.offered.length, offered)
  })

  it('a repetition with its Idempotency-Key is answered with 202 only once the order is replicated', async () => {
    const order = someOrder()
    const post = (): ReturnType<OrderApi['post']> => api.post(order, { 'idempotency-key': 'replicated' })
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const answer = post()
      await standby.cancelWait()
      assert.equal((await answer).status, 503)
    }
    const answer = post()
    await standby.waiting()
    await standby.resume()
    const { status, headers } = await answer
    assert.deepEqual([status, headers.get('idempotent-replayed')], [202, 'true'])
    assert.equal(await count('orders', 'customer_id', customer(order)), 1)
  })

  async function acknowledgeOnlyReplicated(loadCached: (() => string) | undefined): Promise<void> {
    const message = deliveredMessage(PaymentCompleted.name, {})
    const offered: unknown[] = []
    const relay = { accepts: true, offer: (events: readonly unknown[]) => void offered.push(...events) }
    const paid = { customerEmail: 'a@example.com', items: [{ sku: 'SKU-1', qty: 1 }], amount: '1.00', currency: 'USD' }
    const reactor = new Reactor<string>(
      {
        consumer: 'order_queue',
        load: () => Promise.resolve('read'),
        ...(loadCached === undefined ? {} : { loadCached }),
        reactions: [
          on(PaymentCompleted, ({ orderId, sagaId, eventId }, _: string, { append }) => {
            append(OrderConfirmed, paid, { orderId, sagaId, eventId })
          }),
        ],
        save: () => undefined,
      },
      { database, relay, now: () => new Date(), newId: () => uuidv7() },
    )
    for (let delivery = 1; delivery <= 3; delivery += 1) {
      const reaction = assert.rejects(reactor.react(message), isUnavailable)
      await standby.cancelWait()
      await reaction
      assert.equal(await count('processed_events', 'event_id', message.eventId), 1)
    }
    const last = reactor.react(message)
    await standby.waiting()
    await standby.resume()
    assert.deepEqual(await last, { result: 'duplicate', effects: [] })
    assert.equal(await count('events', 'causation_id', message.eventId), 1)
    assert.deepEqual(offered, [])
  }

  it('a message is acknowledged only once its effect is replicated, also when it is a repetition', async () => {
    await acknowledgeOnlyReplicated(undefined)
  })

  it('so is a message whose reaction is one round trip', async () => {
    await acknowledgeOnlyReplicated(() => 'cached')
  })

  it('the relay publishes no event whose commit is not replicated', async () => {
    api.relayAccepts = false
    const answer = api.post(someOrder())
    await standby.cancelWait()
    assert.equal((await answer).status, 503)
    api.relayAccepts = true
    const published: string[] = []
    let later = 0
    const publisher: Pick<Publisher, 'isAvailable' | 'onAvailable' | 'publish'> = {
      isAvailable: true,
      onAvailable: () => undefined,
      publish: ({ routingKey }) => Promise.resolve((published.push(routingKey), 'routed' as const)),
    }
    const { logger: log, metrics } = api
    const relay = new Relay({
      database,
      publisher: publisher as Publisher,
      exchange: 'order.topic',
      log,
      metrics,
      pollIntervalMs: 20,
      parkAfterMs: 60_000,
      // Later than the leases of the events of the other tests, and of each claim that fails.
      now: () => new Date(Date.now() + (later += 10_000)),
    })
    relay.start()
    try {
      await standby.cancelWait()
      await standby.waiting()
      assert.equal(published.length, 0)
      await standby.resume()
      await waitUntil(() => published.includes('order.created'), { what: 'the event', limitMs: 10_000 })
    } finally {
      await relay.drain()
    }
  })

  it('a single statement that commits with a warning fails, and its connection is not used again', async () => {
    const insert = statement('test-claim', `INSERT INTO processed_events (event_id, consumer) VALUES ($1, 'test')`)
    const eventId = uuidv7()
    const backend = statement('test-backend', 'SELECT pg_backend_pid() AS pid')
    const before = await database.query<{ pid: number }>(backend)
    const written = assert.rejects(database.query(insert, [eventId]), isUnavailable)
    await standby.cancelWait()
    await written
    assert.equal(await count('processed_events', 'event_id', eventId), 1)
    assert.notDeepEqual(await database.query(backend), before)
    assert.ok(api.log.some((line) => line.includes('a commit may be lost by a failover')))
  })
})
