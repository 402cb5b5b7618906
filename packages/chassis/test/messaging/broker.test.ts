// needs: broker
import assert from 'node:assert/strict'
import { deadLetterQueue, ownExchange, retryQueue } from '@order-saga/contracts'
import { testServers, waitUntil } from '@order-saga/dev'
import type { Broker } from '../../src/messaging/broker.ts'
import { BrokerForTest } from '../support/broker-for-test.ts'
import { outgoing } from '../support/deliveries.ts'
import { FaultProxy } from '@order-saga/tests/support/fault-proxy'

describe('a broker connection', function () {
  this.timeout(40_000)
  let own: BrokerForTest
  let proxy: FaultProxy
  let port: number
  const proxies: FaultProxy[] = []

  before(async function () {
    this.timeout(120_000)
    port = (await testServers().rabbitMq()).port
  })

  beforeEach(async () => {
    own = await BrokerForTest.create()
    proxy = await FaultProxy.start(port)
  })

  afterEach(async () => {
    await own?.drop()
    await Promise.all([proxy, ...proxies.splice(0)].map((one) => one?.close()))
  })

  const until = (what: string, probe: () => boolean, limitMs = 10_000): Promise<true> =>
    waitUntil(probe, { what, limitMs, intervalMs: 10, state: () => own.lines })

  it('connects when the broker starts later', async () => {
    await proxy.refuse()
    const broker = own.open({ url: proxy.through(own.url) })
    await until('a failed attempt', () => own.lines.some(({ msg }) => msg === 'broker is not reachable, retrying'))
    assert.equal(broker.isReady, false)
    await proxy.accept()
    await until('the connection', () => broker.isReady)
  })

  it('closes at once when the broker was never reachable', async () => {
    await proxy.refuse()
    const broker = own.open({ url: proxy.through(own.url) })
    await until('a failed attempt', () => own.lines.length > 0)
    await broker.close()
    assert.equal(broker.isReady, false)
  })

  it('declares the topology idempotently', async () => {
    const first = own.open()
    await until('the first connection', () => first.isReady)
    await own.send(own.events.map(({ name }) => outgoing({ name })))
    assert.equal(await own.ready(), 2)
    for (const queue of [deadLetterQueue(own.queue), ...own.retryDelaysMs.map((ms) => retryQueue(own.queue, ms))]) {
      assert.equal(await own.ready(queue), 0)
    }
    const second = own.open()
    await until('the second connection', () => second.isReady)
    assert.equal(await own.ready(), 2)
  })

  it('reports a fatal error once, in one sentence, when a queue exists with other arguments', async () => {
    await own.use((channel) => channel.assertQueue(own.queue, { durable: true }))
    let waits = 0
    const random = (): number => {
      waits += 1
      return 0
    }
    const broker = own.open({ random })
    await until('the fatal error', () => own.lines.some(({ level }) => level === 'fatal'))
    await broker.close()
    const messages = own.lines.filter(({ level }) => level === 'fatal').map(({ msg }) => msg)
    assert.equal(messages.length, 1)
    assert.equal(waits, 0, 'no retry')
    assert.match(messages[0] ?? '', /^The broker has a queue or exchange with other arguments.*inequivalent arg/)
    assert.equal(broker.isReady, false)
  })

  it('declares nothing in mode assume, and waits until the topology exists', async () => {
    const broker = own.open({ mode: 'assume' })
    await until('a failed check', () =>
      own.lines.some(({ reason }) => /^The exchange .* does not exist/.test(String(reason))),
    )
    assert.equal(await own.ready(), undefined)
    assert.equal(broker.isReady, false)
    await own.declare()
    await until('the connection', () => broker.isReady)
    assert.equal(broker.missing, undefined)
  })

  it('waits in mode assume for its own exchange, which definitions of the previous release lack', async () => {
    await own.declare()
    await own.use((channel) => channel.deleteExchange(ownExchange(own.queue)))
    const broker = own.open({ mode: 'assume' })
    await until('a failed check', () => broker.missing !== undefined)
    assert.match(broker.missing ?? '', new RegExp(`^The exchange ${own.queue}.direct does not exist, or`))
    assert.equal(broker.isReady, false)
    await own.declare()
    await until('the connection', () => broker.isReady)
  })

  it('does not report a missing exchange any longer while the broker is unreachable', async () => {
    const broker = own.open({ mode: 'assume', url: proxy.through(own.url) })
    await until('a failed check', () => broker.missing !== undefined)
    await proxy.refuse()
    await until('no reason but the connection', () => broker.missing === undefined)
    await proxy.accept()
  })

  it('recovers from a reset at every stage of connecting', async () => {
    const consuming = (through: FaultProxy): Broker => {
      const broker = own.open({ url: through.through(own.url) })
      own.consumer(broker, own.publisher(broker), () => Promise.resolve('processed'))
      return broker
    }
    const undisturbed = consuming(proxy)
    await until('the connection', () => undisturbed.isReady)
    const stages = Array.from({ length: 40 }, (_, i) => Math.round((proxy.replied * i) / 40))
    proxies.push(...(await Promise.all(stages.map(() => FaultProxy.start(port)))))
    const brokers = proxies.map((one, i) => {
      one.resetAfter(stages[i] ?? 0)
      return consuming(one)
    })
    await until('a reset of each', () => proxies.every((one) => one.resets > 0))
    for (const one of proxies) one.pass()
    await until('all to be connected', () => brokers.every((broker) => broker.isReady), 20_000)
    await waitUntil(async () => (await own.use((channel) => channel.checkQueue(own.queue))).consumerCount === 41, {
      what: 'one consumer per connection',
      limitMs: 5_000,
    })
  })

  it('detects a silent broker by its heartbeat, and reconnects', async () => {
    const broker = own.open({ url: `${proxy.through(own.url)}?heartbeat=1` })
    await until('the connection', () => broker.isReady)
    proxy.silence()
    await until('the loss', () => !broker.isReady)
    proxy.pass()
    await until('the reconnect', () => broker.isReady)
  })

  it('reconnects when the broker stops responding while a failed connection is being closed', async () => {
    const broker = own.open({ url: `${proxy.through(own.url)}?heartbeat=1`, mode: 'assume' })
    proxy.silenceAfter('NOT_FOUND')
    await until('a failed check', () =>
      own.lines.some(({ reason }) => /^The exchange .* does not exist/.test(String(reason))),
    )
    proxy.pass()
    await own.declare()
    await until('the connection', () => broker.isReady)
  })

  it('closes within its time limit while the broker does not respond', async () => {
    const broker = own.open({ url: proxy.through(own.url) })
    await until('the connection', () => broker.isReady)
    proxy.silence()
    const start = performance.now()
    await broker.close()
    const took = performance.now() - start
    assert.ok(took < 5_000, `it took ${took} ms`)
    assert.equal(broker.isReady, false)
  })
})
