import assert from 'node:assert/strict'
import type { ServiceName } from '@order-saga/contracts'
import { waitUntil } from '@order-saga/local'
import { type Provider, startProvider } from '../../../payment/test/gateway/provider.ts'
import { ledgerOf, providerSettings } from '../../harness/provider-settings.ts'
import { RunningSystem } from '../../harness/running-system.ts'

describe('events that overtake each other', function () {
  this.timeout(120_000)
  let system: RunningSystem
  let provider: Provider

  before(async () => {
    provider = await startProvider()
    system = await RunningSystem.start({
      env: { SAGA_TIMEOUT_MS: '60000' },
      envOf: { payment: providerSettings(provider) },
    })
    await system.putStock('SKU-1', 100)
  })
  after(async () => {
    await system?.stop()
    await provider.stop()
  })
  afterEach(() => system.assertClean({ gateway: ledgerOf(provider) }))

  /** While a service is away, waits for these events in its queue and puts them back in the given order. */
  async function deliverInOrder(service: ServiceName, sagaId: string, names: readonly string[]): Promise<void> {
    const queue = system.queues[service]
    await waitUntil(async () => ((await system.broker.depths())[queue] ?? 0) >= names.length, {
      what: `${names.join(' and ')} in ${queue}`,
      limitMs: 20_000,
      state: () => system.broker.captured.map(({ name }) => name),
    })
    const messages = await system.broker.takeAll(queue)
    const rank = ({ properties, fields }: (typeof messages)[number]): number =>
      names.indexOf(String(properties.type ?? fields.routingKey))
    const mine = messages.filter(({ properties }) => properties.correlationId === sagaId)
    assert.deepEqual(
      mine.map(rank).toSorted(),
      names.map((_, i) => i),
      'exactly these events were waiting',
    )
    for (const { content, properties } of mine.toSorted((a, b) => rank(a) - rank(b))) {
      await system.broker.send(queue, content, { ...properties })
    }
  }

  /** An order whose events wait for the order service, which is away. */
  async function orderUnseen(order: Record<string, unknown>): Promise<{ sagaId: string; orderId: string }> {
    await system.services.payment.stop()
    const accepted = await system.order(order)
    await waitUntil(
      () =>
        system.broker.captured.some(({ name, body }) => name === 'order.created' && body.sagaId === accepted.sagaId),
      {
        what: 'order.created',
        limitMs: 10_000,
      },
    )
    await system.services.order.stop()
    system.services.payment.start()
    return accepted
  }

  it('order: inventory.reserved before payment.completed', async () => {
    const { sagaId } = await orderUnseen({})
    await deliverInOrder('order', sagaId, ['inventory.reserved', 'payment.completed'])
    system.services.order.start()
    await system.services.order.ready()
    const { history } = await system.sagaBecomes(sagaId, { status: 'completed' })
    await system.settle()
    assert.deepEqual(history.map(({ event }) => event).slice(0, 3), [
      'order.created',
      'inventory.reserved',
      'order.confirmed',
    ])
  })

  it('order: inventory.failed before payment.completed', async () => {
    const { sagaId, orderId } = await orderUnseen({ items: [{ sku: 'SIM-NONE', qty: 1 }] })
    await deliverInOrder('order', sagaId, ['inventory.failed', 'payment.completed'])
    system.services.order.start()
    await system.services.order.ready()
    await system.sagaBecomes(sagaId, { status: 'cancelled', reason: 'compensation', compensation: 'refunded' })
    await system.settle()
    assert.equal(provider.ledger.givenBackFor(orderId), '12.50')
  })

  it('payment: order.cancelled before order.created', async () => {
    await system.services.order.restart({ SAGA_TIMEOUT_MS: '1500' })
    await system.services.payment.stop()
    const { sagaId, orderId } = await system.order()
    await system.sagaBecomes(sagaId, { status: 'timeout_cancelled' })
    await deliverInOrder('payment', sagaId, ['order.cancelled', 'order.created'])
    system.services.payment.start()
    await system.settle()
    assert.equal(provider.ledger.takenFor(orderId), '0')
  })

  it('payment: payment.refund.requested before order.created', async () => {
    await system.services.payment.stop()
    const { sagaId, orderId } = await system.order()
    await system.sagaBecomes(sagaId, { status: 'timeout_cancelled' })
    const before = await system.broker.takeAll(system.queues.payment)
    const refund = {
      eventId: crypto.randomUUID(),
      sagaId,
      orderId,
      timestamp: new Date().toISOString(),
      payload: { reason: 'timeout' },
    }
    await system.broker.send(system.queues.payment, Buffer.from(JSON.stringify(refund)), {
      type: 'payment.refund.requested',
    })
    for (const { content, properties } of before)
      await system.broker.send(system.queues.payment, content, { ...properties })
    system.services.payment.start()
    await waitUntil(
      () => system.broker.captured.some(({ name, body }) => name === 'payment.refunded' && body.orderId === orderId),
      {
        what: 'payment.refunded',
        limitMs: 20_000,
      },
    )
    const answer = system.broker.captured.find(
      ({ name, body }) => name === 'payment.refunded' && body.orderId === orderId,
    )
    assert.equal(answer?.body.payload['amount'], '0')
    await system.settle()
    assert.equal(provider.ledger.takenFor(orderId), '0')
    // The request was this test's own: no outbox knows it.
    await system.sql('payment', 'DELETE FROM processed_events WHERE event_id = $1', [refund.eventId])
  })

  it('inventory: order.cancelled before payment.completed', async () => {
    await system.services.inventory.stop()
    const { sagaId, orderId } = await system.order({ items: [{ sku: 'SKU-1', qty: 2 }] })
    await system.sagaBecomes(sagaId, { status: 'timeout_cancelled', compensation: 'refunded' })
    await deliverInOrder('inventory', sagaId, ['order.cancelled', 'payment.completed'])
    system.services.inventory.start()
    await system.services.inventory.ready()
    await system.settle()
    assert.deepEqual(
      await system.sql('inventory', 'SELECT status FROM inventory_reservations WHERE order_id = $1', [orderId]),
      [{ status: 'cancelled' }],
    )
    assert.equal(provider.ledger.givenBackFor(orderId), '12.50')
  })
})
