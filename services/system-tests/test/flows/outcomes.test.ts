import assert from 'node:assert/strict'
import { RunningSystem } from '../../harness/running-system.ts'

describe('an order', function () {
  this.timeout(120_000)
  let system: RunningSystem

  before(async () => {
    system = await RunningSystem.start({ env: { SAGA_TIMEOUT_MS: '30000', INVENTORY_UNKNOWN_SKU: 'reject' } })
    await system.putStock('SKU-1', 1_000)
    await system.putStock('RARE', 1)
  })
  after(() => system?.stop())
  afterEach(() => system.assertClean())

  it('is confirmed when it is paid and in stock, and takes its quantity', async () => {
    const before = await system.stock('SKU-1')
    const { sagaId, orderId } = await system.order({ items: [{ sku: 'SKU-1', qty: 3 }] })
    const saga = await system.sagaBecomes(sagaId, { status: 'completed', reason: null, compensation: 'none' })
    assert.deepEqual(
      saga.history.map(({ event, direction }) => `${direction} ${event}`),
      ['published order.created', 'seen payment.completed', 'seen inventory.reserved', 'published order.confirmed'],
    )
    await system.settle()
    assert.deepEqual(await system.stock('SKU-1'), { sku: 'SKU-1', available: before.available - 3, reserved: 0 })
    const order = (await (await fetch(`${system.orderUrl}/orders/${orderId}`)).json()) as { status: string }
    assert.equal(order.status, 'confirmed')
  })

  it('is cancelled when its payment is declined', async () => {
    const { sagaId, orderId } = await system.order({ customerEmail: 'decline@example.com' })
    await system.sagaBecomes(sagaId, { status: 'cancelled', reason: 'payment_failed', compensation: 'none' })
    const order = (await (await fetch(`${system.orderUrl}/orders/${orderId}`)).json()) as { status: string }
    assert.equal(order.status, 'cancelled')
  })

  it('is cancelled after its refund when there is no stock, and holds none', async () => {
    const { sagaId } = await system.order({
      items: [
        { sku: 'SKU-1', qty: 1 },
        { sku: 'RARE', qty: 2 },
      ],
    })
    const saga = await system.sagaBecomes(sagaId, {
      status: 'cancelled',
      reason: 'compensation',
      compensation: 'refunded',
    })
    assert.deepEqual(
      saga.history.map(({ event, direction }) => `${direction} ${event}`),
      [
        'published order.created',
        'seen payment.completed',
        'seen inventory.failed',
        'published payment.refund.requested',
        'seen payment.refunded',
        'published order.cancelled',
      ],
    )
    assert.deepEqual(await system.stock('RARE'), { sku: 'RARE', available: 1, reserved: 0 })
  })

  it('is refunded when nobody knows its SKU and unknown ones are refused', async () => {
    const { sagaId } = await system.order({ items: [{ sku: 'NEVER-SEEN', qty: 1 }] })
    await system.sagaBecomes(sagaId, { status: 'cancelled', reason: 'compensation', compensation: 'refunded' })
  })

  it('never takes more than there is, however many orders race for the last piece', async () => {
    await system.putStock('LAST', 5)
    const orders = await Promise.all(
      Array.from({ length: 20 }, () => system.order({ items: [{ sku: 'LAST', qty: 1 }] })),
    )
    await system.settle()
    const sagas = await Promise.all(orders.map(({ sagaId }) => system.saga(sagaId)))
    assert.equal(sagas.filter(({ status }) => status === 'completed').length, 5)
    assert.equal(sagas.filter(({ reason }) => reason === 'compensation').length, 15)
    assert.deepEqual(await system.stock('LAST'), { sku: 'LAST', available: 0, reserved: 0 })
  })

  it('ends as its simulated failures say, the same for the same ids', async () => {
    await system.services.payment.restart({ PAYMENT_FAILURE_RATE: '0.5' })
    const orders = await Promise.all(Array.from({ length: 40 }, () => system.order()))
    await system.settle()
    const sagas = await Promise.all(orders.map(({ sagaId }) => system.saga(sagaId)))
    const declined = sagas.filter(({ reason }) => reason === 'payment_failed').length
    await system.services.payment.restart({ PAYMENT_FAILURE_RATE: '0' })
    assert.ok(declined > 5 && declined < 35, `${declined} of 40 declined`)
    assert.equal(sagas.filter(({ status }) => status === 'completed').length, 40 - declined)
  })
})
