// needs: own-servers
import assert from 'node:assert/strict'
import { testServers, waitUntil } from '@order-saga/dev'
import type { Broker } from '../../src/messaging/broker.ts'
import type { Consumer, Subscription } from '../../src/messaging/consumer.ts'
import { encode, type Message, propertiesOf } from '../../src/messaging/message.ts'
import type { Publisher } from '../../src/messaging/publisher.ts'
import { deadLetterQueue } from '../../src/messaging/topology.ts'
import { GroupCommit } from '../../src/persistence/group-commit.ts'
import { DependencyUnavailable, PoisonMessage } from '../../src/core/errors.ts'
import { BrokerForTest } from '../support/broker-for-test.ts'
import { outgoing } from '../support/deliveries.ts'
import { FaultProxy } from '@order-saga/tests/support/fault-proxy'
import { turn } from '../support/turn.ts'

describe('a consumer', function () {
  this.timeout(60_000)
  let own: BrokerForTest
  let port: number
  let publisher: Publisher
  const proxies: FaultProxy[] = []

  before(async function () {
    this.timeout(120_000)
    port = (await testServers().rabbitMq()).port
  })

  beforeEach(async () => {
    own = await BrokerForTest.create({ crashLimit: 16 })
    publisher = own.publisher(own.open())
  })

  afterEach(async () => {
    await own?.drop()
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()))
  })

  const until = (what: string, probe: () => boolean | Promise<boolean>, limitMs = 20_000): Promise<true> =>
    waitUntil(probe, { what, limitMs, intervalMs: 10, state: () => own.lines.slice(-5) })

  interface Consuming {
    readonly consumer: Consumer
    readonly broker: Broker
    readonly proxy: FaultProxy
  }

  async function consume(
    react: Subscription['react'],
    more: Parameters<BrokerForTest['consumer']>[3] = {},
  ): Promise<Consuming> {
    const proxy = await FaultProxy.start(port)
    proxies.push(proxy)
    const broker = own.open({ url: proxy.through(own.url) })
    const consumer = own.consumer(broker, more.publisher ?? publisher, react, more)
    await until('the consumer', () => broker.isReady && publisher.isAvailable)
    return { consumer, broker, proxy }
  }

  it('does not acknowledge before its retry is confirmed, nor run the reaction again meanwhile', async () => {
    const proxy = await FaultProxy.start(port)
    proxies.push(proxy)
    const cutOff = own.publisher(own.open({ url: proxy.through(own.url) }), 500)
    await until('the publisher', () => cutOff.isAvailable)
    let reacted = 0
    const react = (): Promise<never> => {
      reacted += 1
      return Promise.reject(new Error('not yet'))
    }
    const { consumer } = await consume(react, { publisher: cutOff })
    proxy.silence()
    await own.send([outgoing()])
    // The confirm is then given up for lost, and the publish tried again.
    await until('the confirm to be given up', () => reacted > 0 && !cutOff.isAvailable)
    assert.deepEqual([reacted, consumer.unsettled], [1, 1])
    proxy.pass()
    await until('the retries to come to their end', async () => (await own.ready(deadLetterQueue(own.queue))) !== 0)
    await until('the acks', () => consumer.unsettled === 0)
  })

  it('holds a message whose dead-letter queue is missing, until it is there again', async () => {
    const dlq = deadLetterQueue(own.queue)
    const { consumer } = await consume(() => Promise.reject(new PoisonMessage('never')))
    await own.use((channel) => channel.deleteQueue(dlq))
    await own.send([outgoing()])
    await until('the message', () => consumer.unsettled === 1)
    await own.declare()
    await until('the dead letter', async () => (await own.ready(dlq)) === 1)
    await until('the ack', () => consumer.unsettled === 0)
  })

  it('survives the loss of its channel in the middle of its work, and has all of it done', async () => {
    const finish: (() => void)[] = []
    const done = new Set<string>()
    let redelivered = 0
    const { proxy, consumer } = await consume(async (message, signal) => {
      if (message.redelivered) redelivered += 1
      else await new Promise<void>((resolve) => finish.push(resolve))
      signal.throwIfAborted()
      done.add(message.eventId)
      return 'processed'
    })
    const events = Array.from({ length: 50 }, () => outgoing())
    await own.send(events)
    await until('all to be taken', () => finish.length === 50)
    proxy.reset()
    await until('the loss', () => !consumer.isConsuming)
    for (const one of finish) one()
    await until('all to be done', () => done.size === 50)
    assert.equal(redelivered, 50)
    await until('the acks', () => consumer.unsettled === 0)
    assert.equal(await own.ready(), 0)
  })

  it('consumes again, with the queue made anew, when somebody has deleted it', async () => {
    const seen: string[] = []
    const { consumer } = await consume(({ eventId }) => {
      seen.push(eventId)
      return Promise.resolve('processed')
    })
    await own.use((channel) => channel.deleteQueue(own.queue))
    await until('the loss', () => !consumer.isConsuming)
    await until('the consumer to be back', async () => (await own.ready()) === 0 && (await own.consumers()) === 1)
    const event = outgoing()
    await own.send([event])
    await until('the message', () => seen.includes(event.eventId))
  })

  it('gives back what it has held for too long, and takes it again', async () => {
    const returns: number[] = []
    const waiting: Subscription['react'] = async (message, signal) => {
      returns.push(message.returns)
      if (message.returns > 0) return 'processed'
      // As a breaker does: it waits, and gives up only when told so.
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      })
      return 'processed'
    }
    const { consumer } = await consume(waiting, { holdLimitMs: 400 })
    await own.send([outgoing(), outgoing(), outgoing()])
    await until('the messages to come again', () => returns.filter((times) => times === 1).length === 3)
    assert.ok(own.lines.some(({ msg }) => msg === 'held for too long, giving the deliveries back'))
    await until('the acks', () => consumer.unsettled === 0)
    assert.equal(await own.ready(deadLetterQueue(own.queue)), 0)
  })

  it('holds many without a warning of a leak', async () => {
    const warnings: string[] = []
    const warn = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', warn)
    let held = 0
    const { consumer } = await consume(
      async () => {
        held += 1
        await turn()
        throw new DependencyUnavailable('database', 'refused')
      },
      { prefetch: 100 },
    )
    await own.send(Array.from({ length: 100 }, () => outgoing()))
    await until('all to be held', () => held > 200 && consumer.unsettled === 100)
    await turn()
    process.off('warning', warn)
    assert.deepEqual(warnings, [])
  })

  it('drains: what is running comes to its end, what is only held goes back, nothing new is taken', async () => {
    let finish: (() => void) | undefined
    const seen: string[] = []
    const react = async ({ eventId }: Message): Promise<'processed'> => {
      seen.push(eventId)
      if (seen.length > 1) throw new DependencyUnavailable('database', 'refused')
      await new Promise<void>((resolve) => (finish = resolve))
      return 'processed'
    }
    const { consumer } = await consume(react)
    const [running, ...held] = Array.from({ length: 4 }, () => outgoing())
    await own.send(running === undefined ? [] : [running])
    await until('one to run', () => finish !== undefined)
    await own.send(held)
    await until('three to be held', () => consumer.unsettled === 4)
    let later = 0
    let drained = false
    const drain = consumer.drain().then(() => (drained = true))
    await until('nothing new to be taken', async () => {
      await own.send([outgoing()])
      later += 1
      return (await own.ready()) !== 0
    })
    assert.ok(later < 10, `${later} were sent until then`)
    assert.equal(drained, false)
    finish?.()
    await drain
    await until('the others to be in the queue', async () => (await own.ready()) === 3 + later)
    assert.equal(consumer.isConsuming, false)
  })

  it('drains within its limit when the broker says nothing', async () => {
    const { consumer, proxy } = await consume(() => Promise.resolve('processed'))
    proxy.silence()
    const start = performance.now()
    await consumer.drain()
    const took = performance.now() - start
    assert.ok(took < 8_000, `it took ${took} ms`)
  })

  it('that dies of one message with 50 in its hands loses none of the others, and only that one is dead-lettered', async () => {
    const dlq = deadLetterQueue(own.queue)
    const killer = outgoing({ payload: '{"reason":"kill"}' })
    const events = Array.from({ length: 49 }, () => outgoing())
    const handled = new Set<string>()
    const live = async (): Promise<void> => {
      let dead = false
      const commit = async (messages: readonly Message[]): Promise<'processed'[]> => {
        if (messages.some(({ eventId }) => eventId === killer.eventId)) {
          dead = true
          await new Promise(() => undefined)
        }
        await new Promise((resolve) => setTimeout(resolve, 1))
        for (const { eventId } of messages) handled.add(eventId)
        return messages.map(() => 'processed')
      }
      const group = new GroupCommit<Message, 'processed'>({ limit: 100, commit, now: () => new Date() })
      const { proxy, broker } = await consume((message) => group.submit(message, { alone: message.redelivered }))
      await until('death, or the end of the killer', async () => dead || (await own.ready(dlq)) === 1)
      // As a process that dies: its connections are reset, and nothing of it goes on.
      await proxy.refuse()
      await broker.close()
    }
    await own.declare()
    await own.send([...events.slice(0, 20), killer, ...events.slice(20)])
    let lives = 0
    for (; (await own.ready(dlq)) === 0; lives += 1) await live()
    assert.deepEqual(handled, new Set(events.map(({ eventId }) => eventId)))
    assert.equal((await own.take(dlq))?.properties.messageId, killer.eventId)
    assert.equal(await own.ready(), 0)
    assert.ok(lives <= 18, `${lives} lives`)
  })

  it('handles every confirmed message although the broker is killed, with one consumer at the end', async function () {
    this.timeout(120_000)
    const server = await testServers().rabbitMq()
    const confirmed = new Set<string>()
    const handled = new Set<string>()
    const { broker } = await consume(({ eventId }) => {
      handled.add(eventId)
      return Promise.resolve('processed')
    })
    const stop = new AbortController()
    const load = Array.from({ length: 5 }, async () => {
      while (!stop.signal.aborted) {
        const event = outgoing()
        const outcome = await publishEvent(event).catch(() => 'unknown')
        if (outcome === 'routed') confirmed.add(event.eventId)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    })
    await until('messages', () => confirmed.size > 50)
    await server.kill()
    await until('the loss', () => !broker.isReady && !publisher.isAvailable)
    await server.restart()
    await until('both connections', () => broker.isReady && publisher.isAvailable, 60_000)
    const before = confirmed.size
    await until('messages again', () => confirmed.size > before + 50)
    stop.abort()
    await Promise.all(load)
    await until('all to be handled', () => [...confirmed].every((id) => handled.has(id)))
    assert.equal(await own.consumers(), 1)
  })

  function publishEvent(event: ReturnType<typeof outgoing>): Promise<'routed' | 'unroutable'> {
    const { eventId: messageId, name: routingKey } = event
    const content = encode(event)
    return publisher.publish({
      exchange: own.exchange,
      routingKey,
      content,
      options: { ...propertiesOf(event), messageId },
    })
  }
})
