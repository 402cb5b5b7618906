// needs: broker
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { testServers, waitUntil } from '@order-saga/dev'
import type { Broker } from '../../src/messaging/broker.ts'
import { confirmLimitMs, type Publication, type Publisher } from '../../src/messaging/publisher.ts'
import { DependencyUnavailable } from '../../src/core/errors.ts'
import { BrokerForTest } from '../support/broker-for-test.ts'
import { FaultProxy } from '@order-saga/tests/support/fault-proxy'
import { turn } from '../support/turn.ts'

type Outcome = 'routed' | 'unroutable' | 'unknown'

async function outcomeOf(publishing: Promise<'routed' | 'unroutable'>): Promise<Outcome> {
  try {
    return await publishing
  } catch (error) {
    assert.ok(error instanceof DependencyUnavailable, String(error))
    return 'unknown'
  }
}

describe('a publisher', function () {
  this.timeout(40_000)
  let own: BrokerForTest
  let proxy: FaultProxy
  let broker: Broker
  let publisher: Publisher

  before(async function () {
    this.timeout(120_000)
    const { port } = await testServers().rabbitMq()
    own = await BrokerForTest.create()
    proxy = await FaultProxy.start(port)
    broker = own.open({ url: proxy.through(own.url) })
    publisher = own.publisher(broker)
  })

  beforeEach(async () => {
    proxy.pass()
    await available()
  })

  after(async () => {
    await publisher?.close()
    await own?.drop()
    await proxy?.close()
  })

  const available = (): Promise<true> =>
    waitUntil(() => publisher.isAvailable, {
      what: 'the publisher to be available',
      limitMs: 15_000,
      intervalMs: 10,
      state: () => own.lines.slice(-5),
    })

  function message(more: Partial<Publication> = {}): Publication {
    return {
      exchange: own.exchange,
      routingKey: own.events[0]?.name ?? '',
      content: Buffer.from('{}'),
      options: { messageId: randomUUID() },
      ...more,
    }
  }

  it('reports routed or unroutable for each of 2,000 messages, also without an id or with the same id', async () => {
    const kinds: Partial<Publication>[] = [
      { routingKey: 'payment.refunded' },
      { routingKey: 'nobody.listens' },
      { routingKey: 'payment.refunded', options: {} },
      { routingKey: 'nobody.listens', options: {} },
      { routingKey: 'payment.refunded', options: { messageId: 'same' } },
      { routingKey: 'nobody.listens', options: { messageId: 'same' } },
      { exchange: '', routingKey: own.queue, options: { messageId: 'same' } },
      { exchange: '', routingKey: 'no_such_queue', options: { messageId: 'same' } },
    ]
    const sent = Array.from({ length: 2_000 }, (_, i) => kinds[(i * 7 + Math.floor(i / 13)) % kinds.length] ?? {})
    const outcomes = await Promise.all(sent.map((kind) => publisher.publish(message(kind))))
    const expected = sent.map(({ routingKey = '' }) => (routingKey.startsWith('no') ? 'unroutable' : 'routed'))
    assert.deepEqual(outcomes, expected)
    await waitUntil(async () => (await own.ready()) === expected.filter((outcome) => outcome === 'routed').length, {
      what: 'all routed messages in the queue',
      limitMs: 5_000,
    })
    await own.use((channel) => channel.purgeQueue(own.queue))
  })

  it('sends more than the socket buffer holds', async () => {
    proxy.delay(5)
    const content = Buffer.alloc(300_000, 'x')
    const outcomes = await Promise.all(Array.from({ length: 60 }, () => publisher.publish(message({ content }))))
    assert.deepEqual(new Set(outcomes), new Set(['routed']))
    await own.use((channel) => channel.purgeQueue(own.queue))
  })

  it('reports an unknown outcome when the connection is lost, never throws, and recovers', async () => {
    const outcomes: Outcome[] = []
    const stop = new AbortController()
    const send = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        outcomes.push(await outcomeOf(publisher.publish(message())))
        await turn()
      }
    }
    const senders = Array.from({ length: 20 }, send)
    const count = (outcome: Outcome): number => outcomes.filter((one) => one === outcome).length
    for (let cuts = 1; cuts <= 3; cuts += 1) {
      const before = count('routed')
      await waitUntil(() => count('routed') > before + 100, { what: 'messages to be routed', limitMs: 10_000 })
      proxy.reset()
      await waitUntil(() => !publisher.isAvailable, { what: 'the loss', limitMs: 5_000, intervalMs: 1 })
      await available()
    }
    stop.abort()
    await Promise.all(senders)
    assert.ok(count('unknown') >= 3)
    assert.equal(count('unroutable'), 0)
    const arrived = (await own.ready()) ?? 0
    assert.ok(arrived >= count('routed'), `${arrived} arrived, ${count('routed')} were confirmed`)
    await own.use((channel) => channel.purgeQueue(own.queue))
  })

  it('rejects a message that AMQP cannot encode, and sends the others', async () => {
    const results = await Promise.allSettled([
      publisher.publish(message()),
      publisher.publish(message({ routingKey: 'x'.repeat(300) })),
      publisher.publish(message()),
    ])
    const [first, bad, last] = results
    assert.deepEqual(
      [first, last].map((one) => one?.status),
      ['fulfilled', 'fulfilled'],
    )
    assert.ok(bad?.status === 'rejected' && !(bad.reason instanceof DependencyUnavailable))
    await own.use((channel) => channel.purgeQueue(own.queue))
  })

  it('declares the exchange again after it was deleted', async () => {
    await own.use((channel) => channel.deleteExchange(own.exchange))
    assert.equal(await outcomeOf(publisher.publish(message())), 'unknown')
    await available()
    assert.equal(await publisher.publish(message()), 'routed')
    await own.use((channel) => channel.purgeQueue(own.queue))
  })

  it('replaces a channel whose confirms do not arrive in time', async () => {
    assert.equal(confirmLimitMs, 5_000)
    const shortLimited = own.publisher(broker, 300)
    let opened = 0
    shortLimited.onAvailable(() => (opened += 1))
    // The connection is there already: the channel comes with the next one.
    proxy.reset()
    await waitUntil(() => shortLimited.isAvailable, { what: 'the publisher to be available', limitMs: 15_000 })
    proxy.silence()
    const start = performance.now()
    const waiting = [shortLimited.publish(message()), shortLimited.publish(message())]
    for (const one of waiting) {
      await assert.rejects(one, new DependencyUnavailable('broker', 'no confirm within 300 ms'))
    }
    const took = performance.now() - start
    assert.ok(took > 290 && took < 3_000, `it took ${took} ms`)
    assert.equal(shortLimited.isAvailable, false)
    await assert.rejects(shortLimited.publish(message()), new DependencyUnavailable('broker', 'no channel'))
    proxy.pass()
    await waitUntil(() => shortLimited.isAvailable, { what: 'the publisher to be available', limitMs: 15_000 })
    assert.equal(await shortLimited.publish(message()), 'routed')
    assert.equal(opened, 2)
    await shortLimited.close()
    await available()
    await own.use((channel) => channel.purgeQueue(own.queue))
  })

  it('publishes nothing once closed', async () => {
    const other = own.publisher(broker)
    await other.close()
    assert.equal(await outcomeOf(other.publish(message())), 'unknown')
  })
})
