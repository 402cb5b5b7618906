// needs: system
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { consumedBy, type EventName, type ServiceName, services, deadLetterQueue } from '@order-saga/contracts'
import type { GetMessage } from 'amqplib'
import { type PlacedOrder, someSku } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

interface BadMessage {
  readonly content: string
  readonly type: string
  readonly headers?: Readonly<Record<string, unknown>>
  /** Expected failure reason of the dead letter. */
  readonly reason: RegExp
}

const items = [{ sku: 'SKU-1', qty: 1 }]
const order = { customerEmail: 'buyer@example.com', items, amount: '12.50', currency: 'USD' }
const deadline = '2999-01-01T00:00:00.000Z'

/** A payload that is right, for each event. */
const payloads: Record<EventName, Record<string, unknown>> = {
  'order.created': { ...order, deadline },
  'payment.completed': { ...order, paymentId: randomUUID(), deadline },
  'payment.failed': { reason: 'declined', detail: '' },
  'inventory.reserved': { reservationId: randomUUID(), items },
  'inventory.failed': { reason: 'out_of_stock', detail: '' },
  'payment.refund.requested': { reason: 'compensation' },
  'payment.refunded': { refundId: 'r1', amount: '12.50', currency: 'USD' },
  'order.confirmed': order,
  'order.cancelled': { ...order, reason: 'timeout' },
}

function envelope(name: EventName, more: Record<string, unknown> = {}): string {
  const timestamp = new Date().toISOString()
  const ids = { eventId: randomUUID(), sagaId: randomUUID(), orderId: randomUUID() }
  return JSON.stringify({ ...ids, timestamp, payload: payloads[name], ...more })
}

/** Malformed messages, by the events of one service. */
function incomprehensible(service: ServiceName): BadMessage[] {
  const types = consumedBy(service).map((event) => event.name as EventName)
  const [type] = types as [EventName]
  const foreign = (Object.keys(payloads) as EventName[]).find((name) => !types.includes(name)) as EventName
  return [
    { type, content: 'no JSON {', reason: /the body is not well-formed JSON/ },
    { type, content: '', reason: /the body must be JSON, and is empty/ },
    { type, content: '[]', reason: /malformed envelope/ },
    { type, content: '{"hello": "world"}', reason: /malformed envelope: eventId is required/ },
    { type, content: envelope(type, { orderId: 42 }), reason: /malformed envelope: orderId/ },
    { type, content: envelope(type, { timestamp: 'yesterday' }), reason: /malformed envelope: timestamp/ },
    { type, content: envelope(type, { payload: [] }), reason: /malformed (envelope|payload)/ },
    { type: 'order.exploded', content: envelope(type), reason: /unknown event: order\.exploded/ },
    { type: foreign, content: envelope(foreign), reason: new RegExp(`unknown event: ${foreign}`) },
    ...types.map((name) => {
      const [field = ''] = Object.keys(payloads[name])
      const payload = { ...payloads[name], [field]: { not: 'this' } }
      return { type: name, content: envelope(name, { payload }), reason: new RegExp(`malformed payload: ${field}`) }
    }),
  ]
}

/** Well-formed messages that contradict the state of a confirmed order. */
function untrue(service: ServiceName, { orderId, sagaId }: PlacedOrder): BadMessage[] {
  const aboutAnother = consumedBy(service).map(({ name }): BadMessage => {
    const type = name as EventName
    return { type, content: envelope(type, { orderId }), reason: /saga/ }
  })
  switch (service) {
    case 'order':
      return [
        ...aboutAnother,
        { type: 'payment.refunded', content: envelope('payment.refunded'), reason: /unknown saga/ },
        {
          type: 'payment.completed',
          content: envelope('payment.completed', { sagaId }),
          reason: /is not the order of/,
        },
      ]
    case 'payment':
      return aboutAnother
    case 'inventory':
      return [
        ...aboutAnother,
        { type: 'order.confirmed', content: envelope('order.confirmed'), reason: /without a reservation/ },
        { type: 'order.cancelled', content: envelope('order.cancelled', { orderId, sagaId }), reason: /shipped order/ },
      ]
    case 'notification':
      return []
  }
}

describe('A bad message', function () {
  this.timeout(120_000)
  const system = useSystem()

  async function everything(): Promise<unknown> {
    return await Promise.all([
      system().sql('order', 'SELECT * FROM saga_instances ORDER BY saga_id'),
      system().sql('payment', 'SELECT * FROM payment_transactions ORDER BY order_id'),
      system().sql('inventory', 'SELECT * FROM inventory_reservations ORDER BY order_id'),
      system().sql('inventory', 'SELECT * FROM stock ORDER BY sku'),
    ])
  }

  async function deadLetters(service: ServiceName, count: number): Promise<GetMessage[]> {
    const queue = deadLetterQueue(system().broker.queueOf(service))
    await system().until(`${count} messages in ${queue}`, async () => (await system().broker.depth(queue)) >= count)
    return await system().broker.takeDeadLetters(service)
  }

  for (const service of services) {
    it(`to ${service} is dead-lettered at once, with reason and origin, changes nothing and blocks no other message`, async () => {
      const known = await system().shop.post({ items: [{ sku: someSku(), qty: 1 }] })
      await system().settle()
      const before = await everything()
      const bad = [...incomprehensible(service), ...untrue(service, known)]
      const queue = system().broker.queueOf(service)
      for (const { content, type, headers = {} } of bad) {
        await system().broker.send(queue, { content, options: { type, headers, messageId: randomUUID() } })
      }
      const letters = await deadLetters(service, bad.length)
      assert.deepEqual(await everything(), before)
      assert.equal(letters.length, bad.length)
      for (const { content, type, headers = {}, reason } of bad) {
        const at = letters.findIndex(
          (letter) => letter.content.toString() === content && letter.properties.type === type,
        )
        const [letter] = letters.splice(at, 1)
        assert(letter, `${type} ${content} is not among the dead letters`)
        const kept = letter.properties.headers ?? {}
        assert.match(String(kept['reason']), reason)
        assert.equal(kept['attempt'], 1)
        assert.equal(kept['queue'], queue)
        assert.equal(kept['schema-version'], headers['schema-version'])
        for (const time of ['first-failure', 'dead-lettered-at']) assert(Date.parse(String(kept[time])) > 0, time)
      }
    })
  }

  it('leaves good messages between bad ones unharmed', async () => {
    const ends: Promise<unknown>[] = []
    for (let round = 0; round < 10; round += 1) {
      ends.push(
        system()
          .shop.post()
          .then(({ sagaId }) => system().untilFinal(sagaId)),
      )
      for (const service of services) {
        await system().broker.send(system().broker.queueOf(service), { content: 'no JSON', options: { type: '?' } })
      }
    }
    const sagas = (await Promise.all(ends)) as { status: string }[]
    assert.deepEqual([...new Set(sagas.map(({ status }) => status))], ['completed'])
    for (const service of services) assert.equal((await deadLetters(service, 10)).length, 10)
  })

  it('can be inspected in its dead-letter queue repeatedly and stays there', async () => {
    await system().broker.send(system().broker.queueOf('order'), { content: 'look at me', options: { type: '?' } })
    const queue = deadLetterQueue(system().broker.queueOf('order'))
    await system().until('the dead letter', async () => (await system().broker.depth(queue)) === 1)
    for (let look = 1; look <= 50; look += 1) {
      const [letter, ...more] = await system().broker.deadLetters('order')
      assert.deepEqual([letter?.content.toString(), more], ['look at me', []])
    }
    assert.equal((await system().broker.takeDeadLetters('order')).length, 1)
  })

  it('in the outbox, for which no queue is bound, is parked and reported, and the others are published', async () => {
    await system().restart('payment', { OUTBOX_PARK_AFTER_MS: 1_500 })
    const [eventId, nobody] = [randomUUID(), randomUUID()]
    await system().sql(
      'payment',
      `INSERT INTO events (event_id, saga_id, order_id, routing_key, payload) VALUES ($1, $2, $2, 'payment.lost', '{}')`,
      [eventId, nobody],
    )
    const unroutable = async (): Promise<{ attempts: number; park_reason: string | null } | undefined> => {
      const rows = await system().sql<{ attempts: number; park_reason: string | null }>(
        'payment',
        'SELECT attempts, park_reason FROM events WHERE event_id = $1',
        [eventId],
      )
      return rows[0]
    }
    await system().until('a first attempt', async () => (await unroutable())?.attempts === 1)
    const { sagaId } = await system().shop.post()
    assert.equal((await system().untilFinal(sagaId)).status, 'completed')
    await system().until('the event to be parked', async () => (await unroutable())?.park_reason === 'unroutable')
    await system().until(
      'the parked event to be counted',
      async () => (await system().metrics('payment')).sum('outbox_parked_events') === 1,
    )
    const report = await system().audit()
    assert.deepEqual(
      report.checks.filter(({ violations }) => violations > 0).map(({ check, violations }) => [check, violations]),
      [['parked_events', 1]],
    )
    await system().sql('payment', 'DELETE FROM events WHERE event_id = $1', [eventId])
  })
})
