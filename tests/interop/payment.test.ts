// needs: own-servers
// slow: installs Python packages
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { deadLetterQueue, retryQueue } from '@order-saga/contracts'
import { waitUntil } from '@order-saga/dev'
import { retryDelaysMs } from '../support/broker.ts'
import { roleUrl } from '../support/database-roles.ts'
import { historyOf, someCustomer, someSku, type WantedOrder } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'
import { pythonWith } from './python.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

describe('A payment service in Python, written from the documents alone,', function () {
  this.timeout(180_000)
  let payment: ChildProcess
  let output = ''
  // Before the system stops.
  after(stop)
  const system = useSystem(() => ({
    services: ['order', 'inventory', 'notification'],
    separateUsers: (definitions) => definitions,
    envOf: { order: { SAGA_TIMEOUT_MS: 20_000 } },
  }))
  before(start)

  async function start(): Promise<void> {
    const programs = await pythonWith('payment/requirements.txt')
    const { broker, databases } = system()
    payment = spawn(`${programs}/python`, ['-u', path('payment/payment.py')], {
      env: {
        ...process.env,
        PYTHONDONTWRITEBYTECODE: '1',
        EVENTS_DOCUMENT: path('../../docs/api/events.asyncapi.json'),
        RABBITMQ_URL: broker.urlOf('payment'),
        ORDER_EXCHANGE: broker.exchange,
        PAYMENT_QUEUE: broker.queueOf('payment'),
        RETRY_DELAYS_MS: retryDelaysMs.join(','),
        DATABASE_URL: roleUrl(databases.server, databases.names.payment, 'payment', 'runtime'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [payment.stdout, payment.stderr]) stream?.on('data', (text) => (output += String(text)))
    await waitUntil(() => output.includes('"ready"') || payment.exitCode !== null, {
      what: 'the payment service to be ready',
      limitMs: 60_000,
    })
    assert.equal(payment.exitCode, null, output)
  }

  async function stop(): Promise<void> {
    if (payment.exitCode !== null || payment.signalCode !== null) return
    payment.kill('SIGTERM')
    await once(payment, 'exit')
    assert.equal(payment.exitCode, 0, output)
  }

  afterEach(() => {
    assert.equal(payment.exitCode, null, output)
  })

  async function play(wanted: WantedOrder): Promise<{ orderId: string; history: string[]; status: string }> {
    const { orderId, sagaId } = await system().shop.post(wanted)
    const saga = await system().untilFinal(sagaId)
    return { orderId, history: historyOf(saga), status: `${saga.status} ${String(saga.reason)} ${saga.compensation}` }
  }

  async function paymentOf(orderId: string): Promise<string | undefined> {
    const rows = await system().sql<{ status: string }>(
      'payment',
      'SELECT status FROM payment_transactions WHERE order_id = $1',
      [orderId],
    )
    return rows[0]?.status
  }

  it('charges an order that is confirmed', async () => {
    const { orderId, history, status } = await play({ customerEmail: someCustomer() })
    assert.equal(status, 'completed null none')
    assert.deepEqual(history, [
      '> order.created: pending',
      '< payment.completed: payment_completed',
      '< inventory.reserved: completed',
      '> order.confirmed: completed',
    ])
    assert.equal(await paymentOf(orderId), 'charged')
  })

  it('declines an order', async () => {
    const { orderId, status } = await play({ customerEmail: 'decline@example.com' })
    assert.deepEqual([status, await paymentOf(orderId)], ['cancelled payment_failed none', 'declined'])
  })

  it('refunds an order that is out of stock', async () => {
    const sku = someSku()
    await system().shop.putStock(sku, 0)
    const { orderId, status } = await play({ customerEmail: someCustomer(), items: [{ sku, qty: 1 }], amount: 10.5 })
    assert.deepEqual([status, await paymentOf(orderId)], ['cancelled compensation refunded', 'refunded'])
  })

  it('refunds an order whose charge is completed after the deadline', async () => {
    const order = await system().shop.post({ customerEmail: 'slow@example.com' })
    await system().until('the charge to be in flight', async () => (await paymentOf(order.orderId)) === 'charging')
    await system().passDeadline(order)
    await system().until('the refund', async () => (await paymentOf(order.orderId)) === 'refunded')
    const saga = await system().untilFinal(order.sagaId)
    assert.deepEqual([saga.status, saga.compensation], ['timeout_cancelled', 'refunded'])
  })

  it('takes each event once, and dead-letters what it cannot read', async () => {
    const { orderId } = await play({ customerEmail: someCustomer() })
    const [event] = await system().sql<{ event_id: string; saga_id: string; payload: object }>(
      'order',
      `SELECT event_id, saga_id, payload FROM events WHERE order_id = $1 AND routing_key = 'order.created'`,
      [orderId],
    )
    const body = { eventId: event?.event_id, sagaId: event?.saga_id, orderId, timestamp: new Date().toISOString() }
    const options = { type: 'order.created' }
    await system().broker.publish('order.created', {
      content: JSON.stringify({ ...body, payload: event?.payload }),
      options,
    })
    await system().broker.publish('order.created', { content: JSON.stringify({ ...body, payload: {} }), options })
    await system().until('a dead letter', async () => (await system().broker.takeDeadLetters('payment')).length === 1)
    await system().settle()
    const [row] = await system().sql<{ count: number }>(
      'payment',
      `SELECT count(*)::integer AS count FROM events WHERE order_id = $1`,
      [orderId],
    )
    assert.equal(row?.count, 1)
  })

  it('keeps a version that it cannot read in its retry queues, at last in the longest', async () => {
    const { broker } = system()
    const queue = broker.queueOf('payment')
    const headers = { 'schema-version': 8, 'oldest-reader': 7, attempt: 2, 'x-note': 'dropped', note: 'dropped' }
    await broker.send(queue, { content: '{"from":"a newer release"}', options: { type: 'order.created', headers } })
    const channel = await broker.channel()
    const longest = retryQueue(queue, retryDelaysMs.at(-1) ?? 0)
    const waiting = await system().until('the message in the longest retry queue', () =>
      channel.get(longest, { noAck: true }),
    )
    const { attempt, reason, ...more } = waiting.properties.headers ?? {}
    assert.deepEqual([attempt, reason], [2, 'unknown version 8 of order.created'])
    assert.deepEqual(
      Object.keys(more).filter((name) => name.endsWith('note')),
      [],
    )
    assert.equal(waiting.content.toString(), '{"from":"a newer release"}')
  })

  it('refuses an event that another service has published under a false type', async () => {
    const { broker } = system()
    await broker.publish('order.created', { content: '{}', options: { type: 'payment.refund.requested' } })
    await system().until(
      'the dead letter',
      async () => (await broker.depths())[deadLetterQueue(broker.queueOf('payment'))] === 1,
    )
    const [letter] = await broker.takeDeadLetters('payment')
    assert.match(String(letter?.properties.headers?.['reason']), /^forged: /)
    assert.equal(letter?.properties.headers?.['first-routing-key'], 'order.created')
  })
})
