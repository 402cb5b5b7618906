// needs: own-servers
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { OrderCancelled, OrderConfirmed, PaymentCompleted } from '@order-saga/contracts'
import { type Message, PoisonMessage } from '@order-saga/chassis'
import { increasingClock } from '@order-saga/tests/support/increasing-clock'
import { deliveredMessage } from '@order-saga/tests/support/message'
import { Reactor } from '../../../../packages/chassis/src/persistence/reactor.ts'
import { inventoryReactions } from '../../src/reactions/index.ts'
import { type LockedInventory, lockInventory, InventoryCache } from '../../src/store/locked-inventory.ts'
import { StockApi } from '../http/stock-api.ts'

describe('A process with a cache of stock and reservations', () => {
  let api: StockApi
  let loads = 0
  const now = increasingClock()
  before(async () => {
    api = await StockApi.start('inventory_cache')
  })
  after(async () => await api.close())

  function startProcess(cache = new InventoryCache()): Reactor<LockedInventory> {
    const reactions = inventoryReactions({
      queue: 'inventory_queue',
      policy: { failureRate: 0, acceptUnknownSku: true },
      newId: () => randomUUID(),
      cache,
      committed: (inventory) => cache.put(inventory),
    })
    const load: typeof reactions.load = (...values) => {
      loads += 1
      return reactions.load(...values)
    }
    const relay = { accepts: false, offer: () => undefined }
    const unitOfWork = { database: api.database, relay, now, newId: () => randomUUID() }
    return new Reactor({ ...reactions, load }, unitOfWork)
  }

  const eventOf = (name: string, orderId: string, payload: object): Message =>
    deliveredMessage(name, payload, { orderId, sagaId: orderId })
  const paid = (orderId: string, sku: string, qty: number): Message =>
    eventOf(PaymentCompleted.name, orderId, { items: [{ sku, qty }] })
  const confirmed = (orderId: string): Message => eventOf(OrderConfirmed.name, orderId, {})

  const query = async (text: string, value: string): Promise<Record<string, unknown> | undefined> =>
    (await api.database.query<Record<string, unknown>>({ name: text, text }, [value]))[0]
  const levels = (sku: string) => query('SELECT available, reserved, shipped FROM stock WHERE sku = $1', sku)
  const statusOf = async (orderId: string): Promise<unknown> =>
    (await query('SELECT status FROM inventory_reservations WHERE order_id = $1', orderId))?.['status']

  it('reserves and ships without a read', async () => {
    await api.put('TEA', 10)
    const process = startProcess()
    await process.react(paid(randomUUID(), 'TEA', 1))
    loads = 0
    const orderId = randomUUID()
    await process.react(paid(orderId, 'TEA', 2))
    assert.deepEqual(await levels('TEA'), { available: 7, reserved: 3, shipped: 0 })
    await process.react(confirmed(orderId))
    assert.deepEqual(await levels('TEA'), { available: 7, reserved: 1, shipped: 2 })
    assert.equal(loads, 0)
  })

  it('caches each as it would be read', async () => {
    await api.put('MUG', 10)
    const cache = new InventoryCache()
    const message = paid(randomUUID(), 'MUG', 2)
    await startProcess(cache).react(message)
    const { orderId, sagaId } = message
    const options = { newId: () => randomUUID(), now: new Date() }
    const cached = cache.take([orderId], new Map(), options)
    const { database } = api
    const read = await database.transaction((tx) => lockInventory(tx, [orderId], [], options.newId, options.now))
    assert.deepEqual(cached?.of(orderId, sagaId), read.of(orderId, sagaId))
    assert.deepEqual(cached?.stock, read.stock)
  })

  it('ships no reservation that a failover has undone, although its version was reached again', async () => {
    await api.put('LID', 8)
    const [one, other] = [startProcess(), startProcess()]
    await one.react(paid(randomUUID(), 'LID', 2))
    const orderId = randomUUID()
    await one.react(paid(orderId, 'LID', 2))
    await query('DELETE FROM inventory_reservations WHERE order_id = $1', orderId)
    await other.react(eventOf(OrderCancelled.name, orderId, { reason: 'timeout' }))
    await assert.rejects(one.react(confirmed(orderId)), PoisonMessage)
    assert.deepEqual(await levels('LID'), { available: 4, reserved: 4, shipped: 0 })
  })

  it('sells no article twice when another process has sold it meanwhile', async () => {
    await api.put('CUP', 3)
    const [one, other] = [startProcess(), startProcess()]
    await one.react(paid(randomUUID(), 'CUP', 1))
    await other.react(paid(randomUUID(), 'CUP', 2))
    const orderId = randomUUID()
    await one.react(paid(orderId, 'CUP', 1))
    assert.equal(await statusOf(orderId), 'rejected')
    assert.deepEqual(await levels('CUP'), { available: 0, reserved: 3, shipped: 0 })
  })

  it('rejects no order for stock that has arrived meanwhile', async () => {
    await api.put('POT', 1)
    const process = startProcess()
    await process.react(paid(randomUUID(), 'POT', 1))
    await api.put('POT', 5)
    const orderId = randomUUID()
    await process.react(paid(orderId, 'POT', 4))
    assert.equal(await statusOf(orderId), 'reserved')
    assert.deepEqual(await levels('POT'), { available: 1, reserved: 5, shipped: 0 })
  })

  it('ships a reservation once, whichever process has shipped it', async () => {
    await api.put('JAR', 8)
    const [one, other] = [startProcess(), startProcess()]
    await one.react(paid(randomUUID(), 'JAR', 2))
    const orderId = randomUUID()
    await one.react(paid(orderId, 'JAR', 2))
    await other.react(confirmed(orderId))
    await one.react(confirmed(orderId))
    assert.deepEqual(await levels('JAR'), { available: 4, reserved: 2, shipped: 2 })
  })

  it('repeats a reservation for no second delivery, and for no payment under another id', async () => {
    await api.put('BOX', 5)
    const process = startProcess()
    const orderId = randomUUID()
    const first = paid(orderId, 'BOX', 1)
    await process.react(first)
    assert.equal((await process.react(first)).result, 'duplicate')
    assert.equal((await process.react(paid(orderId, 'BOX', 1))).result, 'processed')
    assert.deepEqual(await levels('BOX'), { available: 4, reserved: 1, shipped: 0 })
  })

  it('handles articles on several lines, several orders in a batch, and articles that were never stocked', async () => {
    await api.put('PEN', 10)
    const process = startProcess()
    await process.react(paid(randomUUID(), 'PEN', 1))
    const orders = [randomUUID(), randomUUID(), randomUUID()]
    const lines = {
      items: [
        { sku: 'PEN', qty: 1 },
        { sku: 'INK', qty: 1 },
        { sku: 'PEN', qty: 2 },
      ],
    }
    await Promise.all(orders.map((orderId) => process.react(eventOf(PaymentCompleted.name, orderId, lines))))
    assert.deepEqual(await levels('PEN'), { available: 0, reserved: 10, shipped: 0 })
    await Promise.all(orders.map((orderId) => process.react(confirmed(orderId))))
    assert.deepEqual(await levels('PEN'), { available: 0, reserved: 1, shipped: 9 })
  })
})
