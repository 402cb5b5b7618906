// needs: broker
import assert from 'node:assert/strict'
import { deadLetterQueue, retryQueue, secondaryQueue } from '@order-saga/contracts'
import { testServers, waitUntil } from '@order-saga/dev'
import type { Broker } from '../../src/messaging/broker.ts'
import type { Consumer, Subscription } from '../../src/messaging/consumer.ts'
import { encode, type Message, propertiesOf } from '../../src/messaging/message.ts'
import type { Publisher } from '../../src/messaging/publisher.ts'
import { readFailure } from '../../src/core/failure.ts'
import { DependencyUnavailable, DiversionRequired, PoisonMessage } from '../../src/core/errors.ts'
import { BrokerForTest } from '../support/broker-for-test.ts'
import { outgoing } from '../support/deliveries.ts'
import { turn } from '../support/turn.ts'

describe('a consumer', function () {
  this.timeout(40_000)
  let own: BrokerForTest
  let broker: Broker
  let publisher: Publisher
  let dlq: string

  before(async function () {
    this.timeout(120_000)
    await testServers().rabbitMq()
  })

  beforeEach(async () => {
    own = await BrokerForTest.create({ secondaryQueues: ['slow'] })
    dlq = deadLetterQueue(own.queue)
    broker = own.open()
    publisher = own.publisher(broker)
  })

  afterEach(async () => own?.drop())

  const until = (what: string, probe: () => boolean | Promise<boolean>): Promise<true> =>
    waitUntil(probe, { what, limitMs: 20_000, intervalMs: 10, state: () => own.lines.slice(-5) })

  async function consume(
    react: Subscription['react'],
    more: Parameters<BrokerForTest['consumer']>[3] = {},
  ): Promise<Consumer> {
    const consuming = own.open()
    const consumer = own.consumer(consuming, publisher, react, more)
    await until('the consumer', () => consuming.isReady && publisher.isAvailable)
    return consumer
  }

  /** Consumes all ready messages. */
  async function takeAll(
    queue: string,
  ): Promise<{ headers: Record<string, unknown>; messageId: unknown; body: string }[]> {
    const taken = []
    for (let one = await own.take(queue); one !== undefined; one = await own.take(queue)) {
      // The quorum queue adds this header.
      const { 'x-delivery-count': _, ...headers } = one.properties.headers ?? {}
      taken.push({ headers, messageId: one.properties.messageId as unknown, body: one.content.toString() })
    }
    return taken
  }

  const count = async (result: string): Promise<number> => {
    const { values } = await own.metrics.consumed.get()
    return values.filter(({ labels }) => labels.result === result).reduce((sum, { value }) => sum + value, 0)
  }

  it('acknowledges only deliveries whose reaction completed, in any order of completion', async () => {
    const events = Array.from({ length: 300 }, () => outgoing())
    const unfinished = new Set(events.filter((_, i) => i % 7 === 3).map(({ eventId }) => eventId))
    const waiting: (() => void)[] = []
    let finished = 0
    const react: Subscription['react'] = async (message, signal) => {
      await new Promise<void>((resolve, reject) => {
        if (!unfinished.has(message.eventId)) waiting.push(resolve)
        else signal.addEventListener('abort', () => reject(signal.reason as Error))
      })
      finished += 1
      return 'processed'
    }
    const consumer = await consume(react, { prefetch: 60 })
    await own.send(events)
    const pick = (): void => {
      const [done] = waiting.splice((waiting.length * 7919) % Math.max(1, waiting.length), 1)
      done?.()
    }
    while (finished < events.length - unfinished.size) {
      await until('deliveries', () => waiting.length > 0)
      for (let i = 0; i < 5; i += 1) pick()
      await turn()
    }
    await until('only the unfinished to be unsettled', () => consumer.unsettled === unfinished.size)
    await consumer.drain()
    await until('the unfinished to be requeued', async () => (await own.ready()) === unfinished.size)
    assert.deepEqual(new Set((await takeAll(own.queue)).map(({ messageId }) => messageId)), unfinished)
  })

  it('retries a failed message with increasing delays, and counts its attempts', async () => {
    const tries: { attempt: number; name: string; at: number }[] = []
    const react = async ({ attempt, name }: Message): Promise<'processed'> => {
      tries.push({ attempt, name, at: performance.now() })
      await turn()
      if (attempt < 3) throw new Error('not yet')
      return 'processed'
    }
    await consume(react)
    await own.send([outgoing()])
    await until('the third attempt', async () => (await count('processed')) === 1)
    assert.deepEqual(
      tries.map(({ attempt, name }) => [attempt, name]),
      [1, 2, 3].map((attempt) => [attempt, 'payment.refund.requested']),
    )
    const [first = 0, second = 0, third = 0] = tries.map(({ at }) => at)
    assert.ok(second - first >= 50 && third - second >= 100, `after ${second - first} and ${third - second} ms`)
    assert.equal(await count('retried'), 2)
    assert.equal(await own.ready(dlq), 0)
  })

  it('keeps a version that it cannot read in the retry queues, the longest at last, until a newer consumer reads it', async () => {
    const react = (): Promise<'processed'> => Promise.resolve('processed')
    const older = await consume(react)
    const newer = outgoing({ version: 2 })
    await own.send([newer, outgoing({ version: 9, oldestReader: 1 }), outgoing()])
    await until('the messages that it reads', async () => (await count('processed')) === 2)
    const longest = retryQueue(own.queue, own.retryDelaysMs.at(-1) ?? 0)
    const waits = (): string[] =>
      own.lines.filter(({ msg }) => msg === 'waits for a newer release').map(({ delayMs }) => String(delayMs))
    await until('six passes', () => waits().length >= 6)
    assert.deepEqual(waits().slice(0, 1), ['50'])
    assert.deepEqual([...new Set(waits().slice(2, 6))], ['100'])
    await until('it to wait', async () => (await own.ready(longest)) === 1)
    await older.drain()
    await until('it to return', async () => (await own.ready()) === 1)
    const [waiting] = await takeAll(own.queue)
    assert.equal(waiting?.messageId, newer.eventId)
    assert.equal(waiting.headers['attempt'], 1)
    assert.match(
      String(waiting.headers['reason']),
      /^unknown version 2 of payment\.refund\.requested: this consumer knows 1$/,
    )
    assert.equal(await own.ready(dlq), 0)
    const unreadable = (await own.metrics.unreadable.get()).values.find(({ labels }) => labels.event === newer.name)
    assert.equal(unreadable?.value, waits().length)
    // The consumer of the next release.
    await own.use(async (channel) => {
      channel.publish(own.exchange, newer.name, encode(newer), { ...propertiesOf(newer), headers: waiting.headers })
      await channel.waitForConfirms()
    })
    const attempts: number[] = []
    const upgraded = own.events.map((event) => ({ ...event, version: 2 }))
    await consume(
      ({ attempt }) => {
        attempts.push(attempt)
        return Promise.resolve('processed')
      },
      { events: upgraded },
    )
    await until('it to be processed', async () => (await count('processed')) === 3)
    assert.deepEqual(attempts, [1])
  })

  it('dead-letters a message that always fails, with its failure reason, and handles the others', async () => {
    const events = Array.from({ length: 20 }, () => outgoing())
    const bad = outgoing({ causationId: outgoing().eventId, traceparent: '00-1-2-01' })
    let handled = 0
    const react = async ({ eventId }: Message): Promise<'processed'> => {
      await turn()
      if (eventId === bad.eventId) throw new Error('violates a rule')
      handled += 1
      return 'processed'
    }
    const from = new Date().toISOString()
    await consume(react)
    await own.send([...events.slice(10), bad, ...events.slice(0, 10)])
    await until('the dead letter', async () => (await own.ready(dlq)) === 1 && handled === 20)
    const [dead] = await takeAll(dlq)
    const { 'first-failure': firstFailure, 'dead-lettered-at': at, failure, ...headers } = dead?.headers ?? {}
    assert.match(readFailure(failure)?.stack ?? '', /^Error: violates a rule\n {4}at /)
    assert.deepEqual(headers, {
      'schema-version': 1,
      'causation-id': bad.causationId,
      traceparent: '00-1-2-01',
      'first-routing-key': bad.name,
      reason: 'violates a rule',
      queue: own.queue,
      attempt: 3,
    })
    assert.ok(from < String(firstFailure) && String(firstFailure) < String(at), `${String(firstFailure)} ${String(at)}`)
    assert.deepEqual([dead?.messageId, dead?.body], [bad.eventId, encode(bad).toString()])
    assert.deepEqual([await count('processed'), await count('retried'), await count('dead_lettered')], [20, 2, 1])
  })

  it('dead-letters at once a message that is malformed, unknown, or rejected as poison by its reaction', async () => {
    let reacted = 0
    await consume(async () => {
      reacted += 1
      await turn()
      throw new PoisonMessage('no such order')
    })
    const event = outgoing()
    await own.use(async (channel) => {
      const { messageId: _, type: __, ...nameless } = propertiesOf(event)
      channel.publish('', own.queue, Buffer.from('{'), nameless)
      channel.publish(own.exchange, event.name, Buffer.from('{'), propertiesOf(event))
      channel.publish(own.exchange, event.name, encode(event), propertiesOf(event))
      await channel.waitForConfirms()
    })
    await until('the dead letters', async () => (await own.ready(dlq)) === 3)
    const dead = await takeAll(dlq)
    assert.deepEqual(
      dead.map(({ headers }) => `${String(headers['attempt'])}: ${String(headers['reason'])}`).toSorted(),
      ['1: malformed envelope: the body is not well-formed JSON', '1: no such order', `1: unknown event: ${own.queue}`],
    )
    assert.equal(reacted, 1)
    const { values } = await own.metrics.consumed.get()
    const counted = values.filter(({ value }) => value > 0)
    const labels = counted.map(({ labels: { event: name, result } }) => `${name} ${result}`)
    assert.deepEqual(labels.toSorted(), ['payment.refund.requested dead_lettered', 'unknown dead_lettered'])
  })

  it('forwards only the headers of the contract, so neither those of the broker nor CC', async () => {
    await consume(() => Promise.reject(new PoisonMessage('never')))
    await own.use(async (channel) => {
      const { queue: copies } = await channel.assertQueue('', { exclusive: true })
      const event = outgoing()
      const headers = {
        CC: [copies],
        'x-delivery-count': 7,
        'x-death': [{ count: 1 }],
        other: 'x',
        'schema-version': 1,
        'first-routing-key': 'payment.completed',
      }
      channel.publish(own.exchange, event.name, encode(event), { ...propertiesOf(event), headers })
      await until('the dead letter', async () => (await own.ready(dlq)) === 1)
      assert.equal((await channel.checkQueue(copies)).messageCount, 0)
    })
    const [dead] = await takeAll(dlq)
    assert.deepEqual(Object.keys(dead?.headers ?? {}).toSorted(), [
      'attempt',
      'dead-lettered-at',
      'failure',
      'first-failure',
      'first-routing-key',
      'queue',
      'reason',
      'schema-version',
    ])
    assert.equal(dead?.headers['first-routing-key'], outgoing().name)
  })

  it('retains a message while a dependency is unavailable, without counting an attempt or a requeue', async () => {
    const seen: Pick<Message, 'attempt' | 'redelivered'>[] = []
    const react = async ({ attempt, redelivered }: Message): Promise<'processed'> => {
      seen.push({ attempt, redelivered })
      await turn()
      if (seen.length < 4) throw new DependencyUnavailable('database', 'refused')
      return 'processed'
    }
    let now = Date.now()
    const consumer = await consume(react, { now: () => new Date(now) })
    assert.equal(consumer.oldestUnsettledMs, 0)
    await own.send([outgoing()])
    await until('the delivery', () => seen.length === 1)
    now += 150_000
    assert.equal(consumer.oldestUnsettledMs, 150_000)
    await until('the message to be handled', async () => (await count('processed')) === 1)
    assert.deepEqual(
      seen.map(({ attempt, redelivered }) => [attempt, redelivered]),
      [1, 2, 3, 4].map(() => [1, false]),
    )
    assert.equal(await count('retried'), 0)
    await until('the ack', () => consumer.unsettled === 0)
    assert.equal(consumer.oldestUnsettledMs, 0)
  })

  it('diverts a message to a secondary queue on DiversionRequired, and handles it there', async () => {
    const slow = secondaryQueue(own.queue, 'slow')
    const seen: string[] = []
    const secondary = own.open()
    own.consumer(
      secondary,
      publisher,
      ({ attempt }) => {
        seen.push(`secondary queue, attempt ${attempt}`)
        return Promise.resolve('processed')
      },
      { from: slow },
    )
    await consume(() => {
      seen.push('queue')
      return Promise.reject(new DiversionRequired(slow))
    })
    await own.send([outgoing()])
    await until('the message to be handled from the secondary queue', async () => (await count('processed')) === 1)
    assert.deepEqual(seen, ['queue', 'secondary queue, attempt 1'])
    assert.equal(await count('retried'), 0)
  })

  it('has a dead-letter queue that can be listed 50 times without a lost message', async () => {
    await own.declare()
    const events = Array.from({ length: 4 }, () => outgoing())
    await own.use(async (channel) => {
      for (const event of events) channel.sendToQueue(dlq, encode(event), propertiesOf(event))
      await channel.waitForConfirms()
      for (let listing = 1; listing <= 50; listing += 1) {
        const seen: string[] = []
        for (let one = await channel.get(dlq); one !== false; one = await channel.get(dlq)) {
          seen.push(one.properties.messageId as string)
          if (seen.length === events.length) break
        }
        channel.nackAll(true)
        assert.equal(new Set(seen).size, events.length, `listing ${listing}`)
      }
    })
    await until('all to be requeued', async () => (await own.ready(dlq)) === events.length)
  })
})
