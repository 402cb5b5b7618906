// needs: database, broker
import assert from 'node:assert/strict'
import { maxMessageBytes, PaymentRefundRequested } from '@order-saga/contracts'
import { testServers, waitUntil } from '@order-saga/dev'
import { v7 as uuidv7 } from 'uuid'
import type { OutgoingEvent } from '../../src/messaging/message.ts'
import type { Publisher } from '../../src/messaging/publisher.ts'
import { leaseMs, newEvent, writeMessages } from '../../src/persistence/outbox.ts'
import { Relay, type RelayOptions } from '../../src/persistence/relay.ts'
import { BrokerForTest } from '../support/broker-for-test.ts'
import { DatabaseForTest } from '../support/database-for-test.ts'
import { FaultProxy } from '@order-saga/tests/support/fault-proxy'
import { recordedLog } from '../support/recorded-log.ts'

/** The first bytes of the frame that confirms a message: class 60, method 80. */
const basicAck = '\0<\0P'

describe('a relay', function () {
  this.timeout(90_000)
  let store: DatabaseForTest
  let test: BrokerForTest
  let publisher: Publisher
  const relays: Relay[] = []

  beforeEach(async () => {
    store = await DatabaseForTest.create()
    test = await BrokerForTest.create()
    publisher = await connected()
  })
  afterEach(async () => {
    await Promise.all(relays.splice(0).map((one) => one.drain()))
    await test.drop()
    await store.drop()
  })

  async function connected(): Promise<Publisher> {
    const connection = test.open()
    const on = test.publisher(connection)
    await waitUntil(() => connection.isReady && on.isAvailable, { what: 'the broker', limitMs: 30_000 })
    return on
  }

  function relay(more: Partial<RelayOptions> = {}): Relay {
    const made = new Relay({
      database: store.open(),
      publisher,
      exchange: test.exchange,
      log: recordedLog(test.lines).log,
      metrics: test.metrics,
      pollIntervalMs: 50,
      parkAfterMs: 600_000,
      ...more,
    })
    relays.push(made)
    return made
  }

  /** Commits events as a service would. */
  async function commit(count: number, { leased = true, payload = 'test' } = {}): Promise<OutgoingEvent[]> {
    const now = new Date()
    const events = Array.from({ length: count }, () =>
      newEvent(
        PaymentRefundRequested,
        { reason: payload },
        { sagaId: uuidv7(), orderId: uuidv7() },
        { eventId: uuidv7(), now },
      ),
    )
    await store.open().transaction(async (tx) => writeMessages(tx, { events, leased, now }))
    return events
  }

  const port = async (): Promise<number> => (await testServers().rabbitMq()).port

  const unpublished = async (): Promise<number> =>
    (
      await store.sql<{ n: number }>(
        'SELECT count(*)::integer AS n FROM events WHERE published_at IS NULL AND parked_at IS NULL',
      )
    )[0]?.n ?? -1
  const allPublished = (): Promise<true> =>
    waitUntil(async () => (await unpublished()) === 0, {
      what: 'an empty outbox',
      limitMs: 30_000,
      state: () => test.lines.slice(-5),
    })

  it('publishes exactly the specified envelope and properties', async () => {
    const [event] = await commit(1)
    relay().offer([event as OutgoingEvent])
    await allPublished()
    const message = await test.take()
    assert.deepEqual(JSON.parse(message?.content.toString() ?? ''), {
      eventId: event?.eventId,
      sagaId: event?.sagaId,
      orderId: event?.orderId,
      timestamp: event?.createdAt.toISOString(),
      payload: { reason: 'test' },
    })
    const { messageId, correlationId, type, contentType, deliveryMode, headers } = message?.properties ?? {}
    assert.deepEqual(
      { messageId, correlationId, type, contentType, deliveryMode },
      {
        messageId: event?.eventId,
        correlationId: event?.sagaId,
        type: 'payment.refund.requested',
        contentType: 'application/json',
        deliveryMode: 2,
      },
    )
    assert.equal(headers?.['schema-version'], 1)
  })

  it('publishes an event from memory without waiting for a poll', async () => {
    const events = await commit(20)
    relay({ pollIntervalMs: 600_000 }).offer(events)
    await allPublished()
    assert.equal(await test.ready(), 20)
  })

  it('claims the rows of a crashed process when their lease expires, and not those of a running one', async () => {
    await commit(5)
    const later = relay({ now: () => new Date(Date.now() - 1_000) })
    later.start()
    await commit(1, { leased: false })
    await waitUntil(async () => (await unpublished()) === 5, { what: 'the free row to be published', limitMs: 20_000 })
    relay({ now: () => new Date(Date.now() + 60_000) }).start()
    await allPublished()
    assert.equal(await test.ready(), 6)
  })

  it('publishes a row that was inserted manually with the required columns only', async () => {
    await store.sql(
      `INSERT INTO events (event_id, saga_id, order_id, routing_key, payload)
       SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'payment.refund.requested', '{"reason": "by hand"}'`,
    )
    relay().start()
    await allPublished()
    assert.equal(await test.ready(), 1)
  })

  it('shares the outbox with other relays, and publishes each row once', async () => {
    await commit(400, { leased: false })
    relay({ batchSize: 20 }).start()
    relay({ batchSize: 20, publisher: await connected() }).start()
    await allPublished()
    assert.equal(await test.ready(), 400)
  })

  it('retries an unroutable event, parks it after the limit, and delays no other event', async () => {
    await commit(499, { leased: false })
    await store.sql(
      `INSERT INTO events (event_id, saga_id, order_id, routing_key, payload, created_at)
       SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'nobody.listens', '{}', now() - interval '1 hour'`,
    )
    let now = Date.now()
    relay({ parkAfterMs: 10_000, now: () => new Date(now) }).start()
    await waitUntil(async () => (await test.ready()) === 499, { what: '499 events', limitMs: 30_000 })
    const state = (): Promise<Record<string, unknown>[]> =>
      store.sql(`SELECT attempts, park_reason, published_at FROM events WHERE routing_key = 'nobody.listens'`)
    assert.deepEqual(await state(), [{ attempts: 1, park_reason: null, published_at: null }])
    now += 6_000
    await waitUntil(async () => (await state())[0]?.['attempts'] === 2, {
      what: 'the second try',
      limitMs: 20_000,
      state,
    })
    assert.equal((await state())[0]?.['park_reason'], null)
    now += 6_000
    await waitUntil(async () => (await state())[0]?.['park_reason'] === 'unroutable', {
      what: 'the event to be parked',
      limitMs: 20_000,
      state,
    })
  })

  it('parks an event that is too large at once', async () => {
    const [large] = await commit(1, { leased: false, payload: 'x'.repeat(maxMessageBytes) })
    await commit(3, { leased: false })
    relay().start()
    await allPublished()
    assert.equal(await test.ready(), 3)
    assert.deepEqual(
      await store.sql('SELECT event_id, published_at, attempts FROM events WHERE park_reason = $1', ['unpublishable']),
      [{ event_id: large?.eventId, published_at: null, attempts: 1 }],
    )
  })

  it('parks an event that cannot be encoded at once, and publishes its batch', async () => {
    await store.sql(
      `INSERT INTO events (event_id, saga_id, order_id, routing_key, payload, created_at)
       SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), key, '{}', at
       FROM (VALUES (repeat('k', 300), now()), ('payment.refunded', '-infinity'::timestamptz)) AS odd (key, at)`,
    )
    await commit(3, { leased: false })
    relay().start()
    await allPublished()
    assert.equal(await test.ready(), 3)
    assert.deepEqual(await store.sql('SELECT park_reason FROM events WHERE parked_at IS NOT NULL'), [
      { park_reason: 'unpublishable' },
      { park_reason: 'unpublishable' },
    ])
  })

  it('publishes an event again under the same id when the confirm was lost, and marks it after the second', async () => {
    const proxy = await FaultProxy.start(await port())
    const connection = test.open({ url: proxy.through(test.url) })
    const cutOff = test.publisher(connection)
    await waitUntil(() => cutOff.isAvailable, { what: 'the broker', limitMs: 30_000 })
    const events = await commit(1)
    const confirm = proxy.cutReply(basicAck)
    const under = relay({ publisher: cutOff, pollIntervalMs: 600_000 })
    under.offer(events)
    await confirm
    assert.equal(await unpublished(), 1)
    await allPublished()
    const ids = [await test.take(), await test.take()].map((message) => message?.properties.messageId as unknown)
    assert.deepEqual(ids, [events[0]?.eventId, events[0]?.eventId])
    await connection.close()
    await proxy.close()
  })

  it('leaves an event whose lease expired in memory to the poll', async () => {
    const late = relay({ now: () => new Date(Date.now() + leaseMs + 1_000) })
    late.offer(await commit(5))
    await late.drain()
    assert.equal(await test.ready(), 0)
    relay({ now: () => new Date(Date.now() + leaseMs + 1_000) }).start()
    await allPublished()
    assert.equal(await test.ready(), 5)
  })

  it('keeps the rows while the broker is unavailable, and publishes them all afterwards', async () => {
    const proxy = await FaultProxy.start(await port())
    const connection = test.open({ url: proxy.through(test.url) })
    const distant = test.publisher(connection)
    await waitUntil(() => distant.isAvailable, { what: 'the broker', limitMs: 30_000 })
    const under = relay({ publisher: distant })
    under.start()
    await proxy.refuse()
    under.offer(await commit(10))
    await commit(10, { leased: false })
    await waitUntil(() => !under.accepts, { what: 'the loss', limitMs: 10_000 })
    assert.equal(await unpublished(), 20)
    await proxy.accept()
    await allPublished()
    const ids = new Set<unknown>()
    for (let message = await test.take(); message !== undefined; message = await test.take())
      ids.add(message.properties.messageId)
    assert.equal(ids.size, 20)
    await connection.close()
    await proxy.close()
  })

  it('publishes what is in memory before it ends', async () => {
    const under = relay({ pollIntervalMs: 600_000 })
    under.offer(await commit(100))
    await under.drain()
    assert.equal(await unpublished(), 0)
    assert.equal(under.accepts, false)
  })
})
