// needs: own-servers
import assert from 'node:assert/strict'
import { deadLetterQueue } from '@order-saga/contracts'
import { testServers, waitUntil } from '@order-saga/dev'
import { DependencyUnavailable, PoisonMessage } from '../../src/core/errors.ts'
import type { Broker } from '../../src/messaging/broker.ts'
import { connect } from '../../src/messaging/connect.ts'
import { encode, type OutgoingEvent, propertiesOf } from '../../src/messaging/message.ts'
import type { Publication, Publisher } from '../../src/messaging/publisher.ts'
import { writeMessages } from '../../src/persistence/outbox.ts'
import { Relay } from '../../src/persistence/relay.ts'
import { BrokerForTest } from '../support/broker-for-test.ts'
import { DatabaseForTest } from '../support/database-for-test.ts'
import { outgoing } from '../support/deliveries.ts'
import { recordedLog } from '../support/recorded-log.ts'

/** An Erlang binary: the arguments of rabbitmqctl depend on the locale. */
const binary = (text: string): string => `<<${[...Buffer.from(text)].join(',')}>>`

const until = (what: string, probe: () => boolean | Promise<boolean>, limitMs = 20_000): Promise<true> =>
  waitUntil(probe, { what, limitMs, intervalMs: 10 })

describe('a broker that is administered', function () {
  this.timeout(120_000)
  const password = 'pä:ss/w@rd#%'
  const cases: [user: string, vhost: string][] = [
    ['jürgen', '/'],
    ['100 %/à', 'grüße an/alle'],
  ]

  let own: BrokerForTest
  /** Run after each test, the last one first. */
  const cleanUps: (() => void | Promise<void>)[] = []

  beforeEach(async () => {
    own = await BrokerForTest.create()
    cleanUps.push(() => own.drop())
  })
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
  })

  before('adds users and virtual hosts', async () => {
    const server = await testServers().rabbitMq()
    const [any, by] = ['.*', 'test'].map(binary)
    // One call for all: each starts an Erlang machine.
    const additions = cases.map(([user, vhost]) => {
      const [name, place] = [user, vhost].map(binary)
      return `${vhost === '/' ? '' : `rabbit_vhost:add(${place}, ${by}),`}
        rabbit_auth_backend_internal:add_user(${name}, ${binary(password)}, ${by}),
        rabbit_auth_backend_internal:set_permissions(${name}, ${place}, ${any}, ${any}, ${any}, ${by})`
    })
    await server.ctl('eval', `${additions.join(',\n')}.`)
  })

  for (const [user, vhost] of cases) {
    it(`accepts the user ${user} in the vhost ${vhost}, percent-encoded as UTF-8`, async () => {
      const { host } = new URL((await testServers().rabbitMq()).url)
      const login = [user, password].map(encodeURIComponent).join(':')
      const url = `amqp://${login}@${host}/${encodeURIComponent(vhost)}`
      const model = await connect(url, { name: 'credentials test', timeoutMs: 10_000 })
      model.on('error', () => undefined)
      const channel = await model.createChannel()
      assert.ok((await channel.assertQueue('', { exclusive: true })).queue)
      await model.close()
      const wrong = url.replace('%23', '%24')
      await assert.rejects(connect(wrong, { name: 'credentials test', timeoutMs: 10_000 }), /ACCESS.REFUSED/)
    })
  }

  /** Runs the work while a memory alarm is on, for which the broker checks about once a second. */
  async function duringAlarm(work: () => Promise<void>): Promise<void> {
    const server = await testServers().rabbitMq()
    await server.ctl('set_vm_memory_high_watermark', '0.00001')
    try {
      await work()
    } finally {
      await server.ctl('set_vm_memory_high_watermark', '0.6')
    }
  }

  async function connected(): Promise<{ broker: Broker; publisher: Publisher }> {
    const broker = own.open()
    const publisher = own.publisher(broker)
    await until('the publisher to be available', () => publisher.isAvailable)
    return { broker, publisher }
  }

  it('makes publishing fail at once while an alarm blocks it, and possible again when the alarm clears', async () => {
    const { broker, publisher } = await connected()
    const message = (): Publication => ({
      exchange: own.exchange,
      routingKey: own.events[0]?.name ?? '',
      content: Buffer.from('{}'),
      options: {},
    })
    await duringAlarm(async () => {
      // The broker sends connection.blocked only to a publishing connection.
      let last: Promise<unknown> | undefined
      await until('the broker to block', () => {
        if (!broker.isBlocked) last = publisher.publish(message()).catch((error: unknown) => error)
        return broker.isBlocked
      })
      assert.equal(publisher.isAvailable, false)
      const start = performance.now()
      const blocked = new DependencyUnavailable('broker', 'publishing is blocked by an alarm')
      await assert.rejects(publisher.publish(message()), blocked)
      assert.ok(performance.now() - start < 1_000)
      assert.ok((await last) instanceof DependencyUnavailable)
    })
    await until('the publisher to be available', () => publisher.isAvailable)
    assert.equal(await publisher.publish(message()), 'routed')
    await publisher.close()
  })

  it('dead-letters a message of more bytes than it accepts any longer', async () => {
    await own.declare()
    const small = outgoing()
    await own.send([outgoing({ payload: JSON.stringify({ reason: 'x'.repeat(2_000_000) }) }), small])
    const server = await testServers().rabbitMq()
    await server.ctl(
      'eval',
      'application:set_env(rabbit, max_message_size, 1000000), persistent_term:put(max_message_size, 1000000).',
    )
    const consumer = own.consumer(own.open(), own.publisher(own.open()), () =>
      Promise.reject(new PoisonMessage('never')),
    )
    const dlq = deadLetterQueue(own.queue)
    const state = (): unknown => own.lines.slice(-5)
    await waitUntil(async () => (await own.ready(dlq)) === 2, {
      what: 'two dead letters',
      limitMs: 20_000,
      state,
    })
    await waitUntil(() => consumer.unsettled === 0, { what: 'the acks', limitMs: 5_000 })
    const dead = [await own.take(dlq), await own.take(dlq)]
    const reasons = dead.map(
      (one) => one?.properties.headers?.['reason'] ?? one?.properties.headers?.['x-first-death-reason'],
    )
    assert.deepEqual(new Set(reasons), new Set(['never', 'rejected']))
    const rejections = own.lines.filter(({ msg }) => msg === 'cannot be published, the broker dead-letters it')
    assert.deepEqual(
      rejections.map(({ level, reason }) => [level, reason]),
      [['error', 'the broker refuses the message']],
    )
    const { values } = await own.metrics.consumed.get()
    assert.equal(values.find(({ labels, value }) => labels.result === 'dead_lettered' && value > 0)?.value, 2)
  })

  it('claims nothing while the broker blocks publishers, marks nothing unconfirmed, and publishes all afterwards', async () => {
    const store = await DatabaseForTest.create()
    cleanUps.push(() => store.drop())
    const { broker, publisher } = await connected()
    let polls = 0
    const counting = new Proxy(publisher, {
      get(target, name) {
        if (name === 'isAvailable') polls += 1
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    const relay = new Relay({
      database: store.open(),
      publisher: counting,
      exchange: own.exchange,
      log: recordedLog(own.lines).log,
      metrics: own.metrics,
      pollIntervalMs: 50,
      parkAfterMs: 600_000,
    })
    cleanUps.push(() => relay.drain())
    const commit = async (count: number, leased: boolean): Promise<OutgoingEvent[]> => {
      const now = new Date()
      const events = Array.from({ length: count }, () => outgoing({ createdAt: now }))
      await store.open().transaction(async (tx) => writeMessages(tx, { events, leased, now }))
      return events
    }
    const count = async (which: string): Promise<number> =>
      (await store.sql<{ n: number }>(`SELECT count(*)::integer AS n FROM events WHERE ${which}`))[0]?.n ?? -1
    relay.start()
    await duringAlarm(async () => {
      await until('the broker to block', async () => {
        if (!broker.isBlocked) relay.offer(await commit(1, true))
        return broker.isBlocked
      })
      assert.equal(relay.accepts, false)
      relay.offer(await commit(10, true))
      await commit(10, false)
      const before = polls
      await until('polls of the outbox', () => polls >= before + 3)
      assert.equal(await count('published_at IS NULL AND lease_until = created_at'), 10)
      assert.ok((await count('published_at IS NULL')) >= 20)
    })
    await until('an empty outbox', async () => (await count('published_at IS NULL')) === 0)
    const ready = (await own.ready()) ?? 0
    assert.ok(ready >= 20, `${ready} messages`)
  })

  it('handles every confirmed message although the broker is killed, with one consumer at the end', async () => {
    const { publisher } = await connected()
    const confirmed = new Set<string>()
    const handled = new Set<string>()
    const broker = own.open()
    own.consumer(broker, publisher, ({ eventId }) => {
      handled.add(eventId)
      return Promise.resolve('processed')
    })
    const stop = new AbortController()
    cleanUps.push(() => stop.abort())
    const load = Array.from({ length: 5 }, async () => {
      while (!stop.signal.aborted) {
        const event = outgoing()
        const publication = { exchange: own.exchange, routingKey: event.name, content: encode(event) }
        const outcome = await publisher.publish({ ...publication, options: propertiesOf(event) }).catch(() => 'unknown')
        if (outcome === 'routed') confirmed.add(event.eventId)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    })
    await until('messages', () => confirmed.size > 50)
    const server = await testServers().rabbitMq()
    await server.kill()
    await until('the loss', () => !broker.isReady && !publisher.isAvailable)
    await server.restart()
    await until('both connections', () => broker.isReady && publisher.isAvailable, 60_000)
    const before = confirmed.size
    await until('more messages', () => confirmed.size > before + 50)
    stop.abort()
    await Promise.all(load)
    await until('all to be handled', () => [...confirmed].every((id) => handled.has(id)))
    assert.equal(await own.consumers(), 1)
  })
})
