// needs: broker
import assert from 'node:assert/strict'
import { deadLetterQueue, ownExchange, retryQueue } from '@order-saga/contracts'
import { waitUntil } from '@order-saga/dev'
import type { GetMessage, Options } from 'amqplib'
import { encode, propertiesOf } from '../../src/messaging/message.ts'
import { BrokerForTest } from '../support/broker-for-test.ts'
import { outgoing } from '../support/deliveries.ts'
import { turn } from '../support/turn.ts'

describe('a consumer of forged messages', function () {
  this.timeout(60_000)
  let own: BrokerForTest
  let dlq: string
  let failures = 0
  const handled: string[] = []

  before(async () => {
    own = await BrokerForTest.create({ retryDelaysMs: [10] })
    dlq = deadLetterQueue(own.queue)
    const [consuming, publishing] = [own.open(), own.open()]
    const publisher = own.publisher(publishing)
    own.consumer(consuming, publisher, async ({ eventId }) => {
      await turn()
      if (failures-- > 0) throw new Error('not yet')
      handled.push(eventId)
      return 'processed'
    })
    await waitUntil(() => consuming.isReady && publisher.isAvailable, { what: 'ready', limitMs: 20_000 })
  })

  after(async () => own?.drop())

  const event = outgoing()
  const forged = { ...propertiesOf(event), type: 'payment.refunded' }

  async function publish(exchange: string, routingKey: string, options: Options.Publish): Promise<void> {
    await own.use(async (channel) => {
      channel.publish(exchange, routingKey, encode(event), options)
      await channel.waitForConfirms()
    })
  }

  const deadLetter = async (): Promise<GetMessage> =>
    await waitUntil(() => own.take(dlq), { what: 'the dead letter', limitMs: 20_000, intervalMs: 10 })

  async function forgeries(reason: string): Promise<number> {
    const { values } = await own.metrics.forged.get()
    return values.find(({ labels }) => labels.queue === own.queue && labels.reason === reason)?.value ?? -1
  }

  it('dead-letters a type that is not the routing key, with any first routing key, as a security event', async () => {
    assert.deepEqual([await forgeries('type'), await forgeries('binding')], [0, 0])
    for (const headers of [{}, { 'first-routing-key': 'payment.refunded', CC: [own.queue], attempt: 1 }]) {
      await publish(own.exchange, event.name, { ...forged, headers })
      const { properties } = await deadLetter()
      assert.match(
        String(properties.headers?.['reason']),
        /^forged: the type "payment.refunded" was published with the routing key "payment.refund.requested"/,
      )
      assert.equal(properties.headers?.['first-routing-key'], event.name)
      assert.equal(properties.type, 'payment.refunded')
    }
    assert.equal(await forgeries('type'), 2)
    const { securityEvent, queue, exchange, routingKey, type, level } = (own.lines.find(
      ({ msg }) => msg === 'forged message refused',
    ) ?? {}) as Record<string, unknown>
    assert.deepEqual(
      { securityEvent, queue, exchange, routingKey, type, level },
      {
        securityEvent: 'forged_message',
        queue: own.queue,
        exchange: own.exchange,
        routingKey: event.name,
        type: 'payment.refunded',
        level: 'error',
      },
    )
    assert.deepEqual(handled, [])
  })

  it('dead-letters the copy of another event that CC has routed to it', async () => {
    const copied = { ...propertiesOf(event), type: 'order.created', headers: { CC: [event.name] } }
    await publish(own.exchange, 'order.created', copied)
    const { properties } = await deadLetter()
    assert.match(
      String(properties.headers?.['reason']),
      /^forged: this queue is not bound to the routing key "order.created" \(not forwarded: header "CC"\)$/,
    )
    assert.equal(await forgeries('binding'), 1)
    assert.deepEqual(handled, [])
  })

  it('dead-letters a message again that was moved with another first routing key', async () => {
    const headers = { 'first-routing-key': event.name }
    for (const exchange of ['', ownExchange(own.queue)]) {
      await publish(exchange, own.queue, { ...forged, headers })
      assert.match(String((await deadLetter()).properties.headers?.['reason']), /^forged: the type/)
    }
    assert.deepEqual(handled, [])
  })

  it('retries an event by its own exchange, and handles one that the previous release has moved', async () => {
    failures = 1
    await publish(own.exchange, event.name, propertiesOf(event))
    await waitUntil(() => handled.length === 1, { what: 'the second attempt', limitMs: 20_000 })
    // The retry queue dead-letters by the default exchange.
    await publish('', retryQueue(own.queue, 10), propertiesOf(event))
    await waitUntil(() => handled.length === 2, { what: 'the older message', limitMs: 20_000 })
    assert.equal(await own.ready(dlq), 0)
  })
})
