import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { deadLetterQueue } from '@order-saga/chassis'
import { consumedBy, type ServiceName, services } from '@order-saga/contracts'
import { waitUntil } from '@order-saga/local'
import type { GetMessage } from 'amqplib'
import { RunningSystem } from '../../harness/running-system.ts'

const payloads: Record<ServiceName, { readonly name: string; readonly payload: Record<string, unknown> }> = {
  order: { name: 'inventory.reserved', payload: { reservationId: 'r', items: [{ sku: 'A', qty: 1 }] } },
  payment: { name: 'payment.refund.requested', payload: { reason: 'timeout' } },
  inventory: {
    name: 'order.cancelled',
    payload: {
      customerEmail: 'a@example.com',
      items: [{ sku: 'A', qty: 1 }],
      amount: '1.00',
      currency: 'USD',
      reason: 'timeout',
    },
  },
  notification: {
    name: 'order.confirmed',
    payload: { customerEmail: 'a@example.com', items: [{ sku: 'A', qty: 1 }], amount: '1.00', currency: 'USD' },
  },
}

describe('a message nobody can handle', function () {
  this.timeout(120_000)
  let system: RunningSystem

  before(async () => {
    system = await RunningSystem.start()
  })
  after(() => system?.stop())
  afterEach(() => system.assertClean())

  const envelope = (payload: unknown): Record<string, unknown> => ({
    eventId: randomUUID(),
    sagaId: randomUUID(),
    orderId: randomUUID(),
    timestamp: new Date().toISOString(),
    payload,
  })

  async function deadLetterOf(service: ServiceName): Promise<GetMessage> {
    const queue = system.queues[service]
    await waitUntil(async () => (await system.broker.depths())[deadLetterQueue(queue)], {
      what: `a dead letter of ${queue}`,
      limitMs: 20_000,
      state: () => system.services[service].log.slice(-5).join('\n'),
    })
    const letters = await system.broker.takeDeadLetters(queue)
    assert.equal(letters.length, 1)
    return letters[0] as GetMessage
  }

  for (const service of services) {
    const { name, payload } = payloads[service]
    const bad: [string, string, () => Buffer, RegExp][] = [
      ['no JSON', name, () => Buffer.from('{"eventId": '), /no JSON/],
      ['no envelope', name, () => Buffer.from(JSON.stringify({ hello: 'world' })), /envelope: eventId is required/],
      [
        'an unknown event',
        'order.exploded',
        () => Buffer.from(JSON.stringify(envelope({}))),
        /unknown event: order\.exploded/,
      ],
      [
        'a wrong payload',
        name,
        () => Buffer.from(JSON.stringify(envelope({ ...payload, reason: 7, items: 'none' }))),
        /payload: (items|reason) must be/,
      ],
    ]
    for (const [what, type, body, reason] of bad) {
      it(`goes from the queue of ${service} to its dead letters at once: ${what}`, async () => {
        const queue = system.queues[service]
        const sent = body()
        await system.broker.send(queue, sent, { type, messageId: 'of-the-test' })
        const letter = await deadLetterOf(service)
        const headers = letter.properties.headers ?? {}
        assert.match(String(headers['reason']), reason)
        assert.equal(headers['queue'], queue)
        assert.equal(headers['attempt'], 1)
        assert.ok(Date.parse(String(headers['first-failure'])) > 0)
        assert.deepEqual(letter.content, sent)
        assert.equal(letter.properties.messageId, 'of-the-test')
      })
    }
    it(`does not keep the queue of ${service} from what comes after it`, async () => {
      for (const event of consumedBy(service))
        await system.broker.send(system.queues[service], Buffer.from('broken'), { type: event.name })
      const { sagaId } = await system.order()
      await system.sagaBecomes(sagaId, { status: 'completed' })
      const count = consumedBy(service).length
      await waitUntil(async () => (await system.broker.depths())[deadLetterQueue(system.queues[service])] === count, {
        what: `${count} dead letters`,
        limitMs: 20_000,
      })
      await system.broker.takeDeadLetters(system.queues[service])
    })
  }

  it('is dead-lettered by order when nobody knows its saga', async () => {
    const event = envelope(payloads.order.payload)
    await system.broker.publish(payloads.order.name, event)
    const letter = await deadLetterOf('order')
    assert.match(String(letter.properties.headers?.['reason']), new RegExp(`unknown saga: ${String(event['sagaId'])}`))
  })

  it('is dead-lettered by order when its order is not that of its saga, and changes nothing', async () => {
    const { sagaId } = await system.order()
    const before = await system.sagaBecomes(sagaId, { status: 'completed' })
    await system.settle()
    await system.broker.publish('inventory.failed', { ...envelope({ reason: 'out_of_stock', detail: '' }), sagaId })
    const letter = await deadLetterOf('order')
    assert.match(String(letter.properties.headers?.['reason']), /is not the order of saga/)
    assert.deepEqual(await system.saga(sagaId), before)
  })
})

describe('an event that no queue is bound for', function () {
  this.timeout(120_000)
  let system: RunningSystem

  before(async () => {
    system = await RunningSystem.start({ env: { OUTBOX_PARK_AFTER_MS: '1500' } })
  })
  after(() => system?.stop())

  it('is parked after a while, in sight, and holds up nothing', async () => {
    const id = randomUUID()
    await system.sql(
      'payment',
      `INSERT INTO events (event_id, saga_id, order_id, routing_key, payload) VALUES ($1, $1, $1, 'nobody.listens', '{}')`,
      [id],
    )
    const { sagaId } = await system.order()
    await system.sagaBecomes(sagaId, { status: 'completed' })
    await waitUntil(
      async () =>
        (await system.sql('payment', `SELECT 1 FROM events WHERE park_reason = 'unroutable' AND published_at IS NULL`))
          .length === 1,
      {
        what: 'the event to be parked',
        limitMs: 30_000,
      },
    )
    await waitUntil(async () => (await system.services.payment.metric('outbox_parked_events')) === 1, {
      what: 'the gauge of parked events',
      limitMs: 15_000,
    })
    await system.assertClean({ allowParkedEvents: 1 })
    await system.sql('payment', 'DELETE FROM events WHERE event_id = $1', [id])
  })
})
