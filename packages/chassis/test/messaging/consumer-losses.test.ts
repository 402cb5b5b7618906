// needs: broker
import assert from 'node:assert/strict'
import { deadLetterQueue } from '@order-saga/contracts'
import { testServers, waitUntil } from '@order-saga/dev'
import type { Broker } from '../../src/messaging/broker.ts'
import { ackDelayMs, type Consumer, type Subscription } from '../../src/messaging/consumer.ts'
import type { Message } from '../../src/messaging/message.ts'
import type { Publisher } from '../../src/messaging/publisher.ts'
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
    own = await BrokerForTest.create({ deliveryLimit: 16 })
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

  it('does not acknowledge before the retry is confirmed, nor run the reaction again meanwhile', async () => {
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
    // The confirm times out, and the publish is retried.
    await until('the confirm timeout', () => reacted > 0 && !cutOff.isAvailable)
    assert.deepEqual([reacted, consumer.unsettled], [1, 1])
    proxy.pass()
    await until('the last retry', async () => (await own.ready(deadLetterQueue(own.queue))) !== 0)
    await until('the acks', () => consumer.unsettled === 0)
  })

  it('retains a message while its dead-letter queue is missing', async () => {
    const dlq = deadLetterQueue(own.queue)
    const { consumer } = await consume(() => Promise.reject(new PoisonMessage('never')))
    await own.use((channel) => channel.deleteQueue(dlq))
    await own.send([outgoing()])
    await until('the message', () => consumer.unsettled === 1)
    await own.declare()
    await until('the dead letter', async () => (await own.ready(dlq)) === 1)
    await until('the ack', () => consumer.unsettled === 0)
  })

  it('completes all work although its channel is lost while reactions run', async () => {
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
    await until('all deliveries', () => finish.length === 50)
    proxy.reset()
    await until('the loss', () => !consumer.isConsuming)
    for (const one of finish) one()
    await until('all to be done', () => done.size === 50)
    assert.equal(redelivered, 50)
    await until('the acks', () => consumer.unsettled === 0)
    assert.equal(await own.ready(), 0)
  })

  it('declares and consumes its queue again after it was deleted', async () => {
    const seen: string[] = []
    const { consumer } = await consume(({ eventId }) => {
      seen.push(eventId)
      return Promise.resolve('processed')
    })
    await own.use((channel) => channel.deleteQueue(own.queue))
    await until('the loss', () => !consumer.isConsuming)
    await until('the new consumer', async () => (await own.ready()) === 0 && (await own.consumers()) === 1)
    const event = outgoing()
    await own.send([event])
    await until('the message', () => seen.includes(event.eventId))
  })

  it('requeues deliveries that it has retained too long, and consumes them again', async () => {
    const deliveryCounts: number[] = []
    const waiting: Subscription['react'] = async (message, signal) => {
      deliveryCounts.push(message.deliveryCount)
      if (message.deliveryCount > 0) return 'processed'
      // Like a breaker: it waits until the signal is aborted.
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      })
      return 'processed'
    }
    const { consumer } = await consume(waiting, { retentionLimitMs: 400 })
    await own.send([outgoing(), outgoing(), outgoing()])
    await until('the redeliveries', () => deliveryCounts.filter((count) => count === 1).length === 3)
    assert.ok(own.lines.some(({ msg }) => msg === 'deliveries retained too long, closing the channel to requeue them'))
    await until('the acks', () => consumer.unsettled === 0)
    assert.equal(await own.ready(deadLetterQueue(own.queue)), 0)
  })

  it('retains many messages without a MaxListenersExceededWarning', async () => {
    const warnings: string[] = []
    const warn = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', warn)
    let tries = 0
    const { consumer } = await consume(
      async () => {
        tries += 1
        await turn()
        throw new DependencyUnavailable('database', 'refused')
      },
      { prefetch: 100 },
    )
    await own.send(Array.from({ length: 100 }, () => outgoing()))
    await until('all to be retained', () => tries > 200 && consumer.unsettled === 100)
    await turn()
    process.off('warning', warn)
    assert.deepEqual(warnings, [])
  })

  it('drains: running reactions complete, retained messages are requeued, no new message is consumed', async () => {
    let finish: (() => void) | undefined
    const seen: string[] = []
    const react = async ({ eventId }: Message): Promise<'processed'> => {
      seen.push(eventId)
      if (seen.length > 1) throw new DependencyUnavailable('database', 'refused')
      await new Promise<void>((resolve) => (finish = resolve))
      return 'processed'
    }
    const { consumer } = await consume(react)
    const [running, ...retained] = Array.from({ length: 4 }, () => outgoing())
    await own.send(running === undefined ? [] : [running])
    await until('one to run', () => finish !== undefined)
    await own.send(retained)
    await until('three to be retained', () => consumer.unsettled === 4)
    let later = 0
    let drained = false
    const drain = consumer.drain().then(() => (drained = true))
    await until('a message to stay ready', async () => {
      await own.send([outgoing()])
      later += 1
      return (await own.ready()) !== 0
    })
    assert.ok(later < 10, `${later} were sent until then`)
    assert.equal(drained, false)
    finish?.()
    await drain
    await until('the requeued messages', async () => (await own.ready()) === 3 + later)
    assert.equal(consumer.isConsuming, false)
  })

  it('drains within its time limit when the broker does not respond', async () => {
    const { consumer, proxy } = await consume(() => Promise.resolve('processed'))
    proxy.silence()
    const start = performance.now()
    await consumer.drain()
    const took = performance.now() - start
    assert.ok(took < 8_000, `it took ${took} ms`)
  })

  it('that crashes on one of 50 unsettled messages loses none of the others, and only that one is dead-lettered', async () => {
    const dlq = deadLetterQueue(own.queue)
    const poison = outgoing({ payload: '{"reason":"crash"}' })
    const events = Array.from({ length: 49 }, () => outgoing())
    const handled = new Set<string>()
    const runUntilCrash = async (): Promise<void> => {
      let crashed = false
      const commit = async (messages: readonly Message[]): Promise<'processed'[]> => {
        if (messages.some(({ eventId }) => eventId === poison.eventId)) {
          // After the acks of the handled messages, or these could reach the delivery limit too.
          setTimeout(() => (crashed = true), 5 * ackDelayMs)
          await new Promise(() => undefined)
        }
        await new Promise((resolve) => setTimeout(resolve, 1))
        for (const { eventId } of messages) handled.add(eventId)
        return messages.map(() => 'processed')
      }
      const group = new GroupCommit<Message, 'processed'>({ limit: 100, commit, now: () => new Date() })
      const { proxy, broker, consumer } = await consume((message) =>
        group.submit(message, { isolated: message.redelivered }),
      )
      const isDone = async (): Promise<boolean> => handled.size === events.length && (await own.ready(dlq)) === 1
      await until('the crash, or the end of all messages', async () => crashed || (await isDone()))
      if (!crashed) await consumer.drain()
      // Like a crashed process: its connections are reset, and its reaction never completes.
      await proxy.refuse()
      await broker.close()
    }
    await own.declare()
    await own.send([...events.slice(0, 20), poison, ...events.slice(20)])
    let runs = 0
    for (; (await own.ready(dlq)) === 0; runs += 1) await runUntilCrash()
    assert.deepEqual(handled, new Set(events.map(({ eventId }) => eventId)))
    assert.equal((await own.take(dlq))?.properties.messageId, poison.eventId)
    assert.equal(await own.ready(), 0)
    assert.ok(runs <= 18, `${runs} runs`)
  })
})
