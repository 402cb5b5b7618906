// needs: system
import assert from 'node:assert/strict'
import type { EventName } from '@order-saga/contracts'
import { v7 as uuidv7 } from 'uuid'
import type { CapturedEvent } from '../support/captured-event.ts'
import { declinedAmount, decliningLedger } from '../support/flows.ts'
import { requestsFor } from '../support/ledger.ts'
import { Network } from '../support/network.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import { historyOf, type PlacedOrder, someSku } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

const held = ['payment.completed', 'payment.failed', 'payment.refunded', 'inventory.reserved'] as const

/** The event with another payload, under its own id. */
function altered(event: CapturedEvent, change: Readonly<Record<string, unknown>>): CapturedEvent {
  const { eventId, sagaId, orderId, timestamp } = event
  const payload = { ...event.payload, ...change }
  const content = Buffer.from(JSON.stringify({ eventId, sagaId, orderId, timestamp, payload }))
  return { ...event, payload, content }
}

describe('An order is confirmed only with proof of payment and of reservation', function () {
  this.timeout(120_000)
  let provider: Provider
  let network: Network
  let sku: string
  const system = useSystem(async () => {
    provider = await startProvider({ ledger: decliningLedger() })
    return { provider, envOf: { order: { REFUND_RETRY_MS: 500 } } }
  })
  before(async () => {
    network = await Network.take(
      system(),
      held.map((name) => ({ name, to: 'order' })),
    )
  })
  after(() => provider.stop())
  beforeEach(async () => {
    sku = someSku()
    await system().shop.putStock(sku, 10)
  })

  async function violations(event: EventName): Promise<number> {
    return (await system().metrics('order')).sum('saga_protocol_violations_total', { event })
  }

  /** Publishes inventory.reserved as inventory would, through its outbox. */
  async function publish({ sagaId, orderId }: PlacedOrder, payload: object): Promise<void> {
    await system().sql(
      'inventory',
      `INSERT INTO events (event_id, saga_id, order_id, routing_key, payload) VALUES ($1, $2, $3, 'inventory.reserved', $4)`,
      [uuidv7(), sagaId, orderId, JSON.stringify(payload)],
    )
  }

  async function assertRefunded(placed: PlacedOrder): Promise<void> {
    const saga = await system().shop.saga(placed.sagaId)
    assert.deepEqual([saga.status, saga.compensation], ['timeout_cancelled', 'refunded'], historyOf(saga).join('\n'))
    assert.deepEqual(requestsFor(provider, placed.orderId), ['charge', 'refund'])
    assert.deepEqual(await system().shop.stock(sku), { sku, available: 10, reserved: 0 })
    const [recorded] = await system().sql('order', 'SELECT violations FROM saga_violations WHERE saga_id = $1', [
      placed.sagaId,
    ])
    assert.deepEqual(recorded, { violations: 1 })
  }

  for (const [title, event, change] of [
    ['a payment of another amount', 'payment.completed', { amount: '0.01' }],
    ['a payment in another currency', 'payment.completed', { currency: 'EUR' }],
    ['a reservation of another quantity', 'inventory.reserved', { items: [{ sku: 'SKU', qty: 1 }] }],
  ] as const) {
    it(`${title} does not confirm it: the deadline requests the refund`, async () => {
      const before = await violations(event)
      const placed = await system().shop.post({ amount: 40.2, items: [{ sku, qty: 3 }] })
      const [payment, reservation] = [
        await network.next(placed.orderId, 'payment.completed'),
        await network.next(placed.orderId, 'inventory.reserved'),
      ]
      for (const each of [payment, reservation]) {
        await network.deliver(each.name === event ? altered(each, change) : each, 'order')
      }
      const open = await system().shop.saga(placed.sagaId)
      assert.equal(open.finishedAt, null)
      assert.equal(open.history.filter(({ ignored }) => ignored === 'violation').length, 1)
      assert.equal((await violations(event)) - before, 1)
      const { eventId } = event === payment.name ? payment : reservation
      const logged = system().services.order.log.filter((line) => line.includes('does not match its order'))
      assert.deepEqual(
        logged.filter((line) => line.includes(placed.orderId)).map((line) => JSON.parse(line).eventId),
        [eventId],
      )
      await system().passDeadline(placed)
      await network.settle()
      await assertRefunded(placed)
    })
  }

  it('a reservation alone does not confirm it, not even when its payment is declined', async () => {
    const placed = await system().shop.post({ amount: declinedAmount, items: [{ sku, qty: 3 }] })
    const { orderId, sagaId } = placed
    await network.next(orderId, 'payment.failed')
    await publish(placed, { reservationId: uuidv7(), items: [{ sku, qty: 3 }] })
    await network.pass(orderId, 'inventory.reserved', 'order')
    await network.pass(orderId, 'payment.failed', 'order')
    assert.deepEqual(historyOf(await system().shop.saga(sagaId)), [
      '> order.created: pending',
      '< inventory.reserved: pending',
      '< payment.failed: pending (violation)',
    ])
    await system().passDeadline(placed)
    await network.settle()
    const saga = await system().shop.saga(sagaId)
    assert.deepEqual([saga.status, saga.compensation], ['timeout_cancelled', 'refunded'])
    assert.deepEqual(requestsFor(provider, orderId), ['charge'])
  })

  it('a refund of another amount does not complete its compensation: it is requested again', async () => {
    const placed = await system().shop.post({ amount: 40.2, items: [{ sku: 'SIM-NONE', qty: 1 }] })
    await network.pass(placed.orderId, 'payment.completed', 'order')
    const refunded = await network.next(placed.orderId, 'payment.refunded')
    await network.deliver(altered(refunded, { amount: '0.02' }), 'order')
    assert.equal((await system().shop.saga(placed.sagaId)).status, 'refunding')
    await network.settle()
    const saga = await system().shop.saga(placed.sagaId)
    assert.deepEqual([saga.status, saga.reason, saga.compensation], ['cancelled', 'compensation', 'refunded'])
    assert.deepEqual(requestsFor(provider, placed.orderId), ['charge', 'refund'])
  })

  it('one that an older release left open with both proofs is completed long before its deadline', async () => {
    const placed = await system().shop.post({ items: [{ sku, qty: 3 }] })
    await network.next(placed.orderId, 'inventory.reserved')
    // A new pod has recorded the reservation, and an old one, which knows no such record, then handles the payment.
    await system().sql('order', 'UPDATE saga_instances SET reservation_seen = true WHERE saga_id = $1', [placed.sagaId])
    await system().sql(
      'order',
      `UPDATE saga_instances SET status = 'payment_completed' WHERE saga_id = $1 AND status = 'pending'`,
      [placed.sagaId],
    )
    await system().untilStatus(placed.sagaId, 'completed')
    await network.settle()
    assert.deepEqual(historyOf(await system().shop.saga(placed.sagaId)), [
      '> order.created: pending',
      '> order.confirmed: completed',
      '< payment.completed: completed (late)',
      '< inventory.reserved: completed (late)',
    ])
  })

  it('the matching events confirm it after one that does not match', async () => {
    const placed = await system().shop.post({ amount: 40.2, items: [{ sku, qty: 3 }] })
    const reservation = await network.next(placed.orderId, 'inventory.reserved')
    await publish(placed, { ...reservation.payload, items: [{ sku, qty: 2 }] })
    await system().until('the second one', () => network.of(placed.orderId, 'inventory.reserved').length === 2)
    await network.deliver(network.of(placed.orderId, 'inventory.reserved')[1] as CapturedEvent, 'order')
    await network.settle()
    const history = historyOf(await system().shop.saga(placed.sagaId))
    assert.equal(history[1], '< inventory.reserved: pending (violation)')
    assert.equal(history.at(-1), '> order.confirmed: completed')
  })
})
