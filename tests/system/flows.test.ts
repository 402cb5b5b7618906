// needs: system
import assert from 'node:assert/strict'
import { isShortBySimulation } from '../../services/inventory/src/domain/simulated-shortage.ts'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { createSimulatedGateway } from '../../services/payment/src/gateway/simulated-gateway.ts'
import { eventIdOf, mailsTo } from '../support/mails.ts'
import { someCustomer, someSku, historyOf } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

describe('The four flows', function () {
  this.timeout(120_000)
  let mailServer: MailServer
  const system = useSystem(async () => {
    mailServer = await startMailServer()
    return { mailServer }
  })
  after(() => mailServer.stop())

  /** Places an order and returns everything there is to know of it once all is at rest. */
  async function play(wanted: { customerEmail: string; sku?: string; qty?: number; amount?: number }) {
    const { customerEmail, sku = someSku(), qty = 1, amount = 125.5 } = wanted
    const { orderId, sagaId } = await system().shop.post({ customerEmail, items: [{ sku, qty }], amount })
    await system().untilFinal(sagaId)
    await system().settle()
    const saga = await system().shop.saga(sagaId)
    const idOf = (event: string): string => saga.history.find((entry) => entry.event === event)?.eventId ?? ''
    const mails = new Map(mailsTo(mailServer, customerEmail).map((mail) => [eventIdOf(mail), mail]))
    const [payment] = await system().sql<{ status: string; amount: string }>(
      'payment',
      'SELECT status, amount::text FROM payment_transactions WHERE order_id = $1',
      [orderId],
    )
    assert.equal(mails.size, mailsTo(mailServer, customerEmail).length, 'each mail came once')
    const order = await system().shop.order(orderId)
    return { orderId, saga, order, payment, mails, mailOf: (event: string) => mails.get(idOf(event)) }
  }

  it('confirms an order that is paid and in stock, ships it and writes to the customer once', async () => {
    const sku = someSku()
    await system().shop.putStock(sku, 5)
    const { orderId, saga, order, payment, mails, mailOf } = await play({ customerEmail: someCustomer(), sku, qty: 2 })
    assert.deepEqual(historyOf(saga), [
      '> order.created: pending',
      '< payment.completed: payment_completed',
      '< inventory.reserved: completed',
      '> order.confirmed: completed',
    ])
    assert.deepEqual([saga.status, saga.reason, saga.compensation], ['completed', null, 'none'])
    assert.equal(order.status, 'confirmed')
    assert.deepEqual(payment, { status: 'charged', amount: '125.50' })
    assert.deepEqual(await system().shop.stock(sku), { sku, available: 3, reserved: 0 })
    assert.equal(mails.size, 1)
    const mail = mailOf('order.confirmed')
    assert.equal(mail?.subject, `Your order ${orderId} is confirmed`)
    assert.match(mail?.text ?? '', new RegExp(`Amount: 125\\.50 USD\n+Items:\n+ *2 x ${sku}`))
    assert.match(mail?.messageId ?? '', /@example\.com>$/)
  })

  it('cancels an order whose payment is declined, and charges and reserves nothing', async () => {
    const sku = someSku()
    await system().shop.putStock(sku, 5)
    const { saga, order, payment, mails, mailOf } = await play({ customerEmail: someCustomer('decline'), sku })
    assert.deepEqual(historyOf(saga), [
      '> order.created: pending',
      '< payment.failed: cancelled',
      '> order.cancelled: cancelled',
    ])
    assert.deepEqual([saga.status, saga.reason, saga.compensation], ['cancelled', 'payment_failed', 'none'])
    assert.equal(order.status, 'cancelled')
    assert.equal(payment?.status, 'declined')
    assert.deepEqual(await system().shop.stock(sku), { sku, available: 5, reserved: 0 })
    assert.equal(mails.size, 1)
    assert.match(mailOf('order.cancelled')?.text ?? '', /payment did not go through.*\n.*not been charged/s)
  })

  const refundHistory = [
    '> order.created: pending',
    '< payment.completed: payment_completed',
    '< inventory.failed: refunding',
    '> payment.refund.requested: refunding',
    '< payment.refunded: cancelled',
    '> order.cancelled: cancelled',
  ]

  it('refunds the payment when the stock is insufficient, and leaves the stock unchanged', async () => {
    const sku = someSku()
    await system().shop.putStock(sku, 2)
    const { saga, order, payment, mails, mailOf } = await play({ customerEmail: someCustomer(), sku, qty: 3 })
    assert.deepEqual(historyOf(saga), refundHistory)
    assert.deepEqual([saga.status, saga.reason, saga.compensation], ['cancelled', 'compensation', 'refunded'])
    assert.equal(order.status, 'cancelled')
    assert.deepEqual(payment, { status: 'refunded', amount: '125.50' })
    assert.deepEqual(await system().shop.stock(sku), { sku, available: 2, reserved: 0 })
    assert.equal(mails.size, 2)
    assert.match(mailOf('payment.refunded')?.text ?? '', /refunded 125\.50 USD/)
    assert.match(mailOf('order.cancelled')?.text ?? '', /could not supply/)
  })

  it('treats the article SIM-NONE as out of stock', async () => {
    const { saga, payment } = await play({ customerEmail: someCustomer(), sku: 'SIM-NONE', amount: 7 })
    assert.deepEqual(historyOf(saga), refundHistory)
    assert.equal(payment?.status, 'refunded')
  })

  it('sells the last item once under concurrent orders', async () => {
    const sku = someSku()
    await system().shop.putStock(sku, 3)
    const placed = await Promise.all(Array.from({ length: 8 }, () => system().shop.post({ items: [{ sku, qty: 1 }] })))
    await system().settle()
    const sagas = await Promise.all(placed.map(({ sagaId }) => system().shop.saga(sagaId)))
    assert.equal(sagas.filter(({ status }) => status === 'completed').length, 3)
    assert.equal(sagas.filter(({ reason }) => reason === 'compensation').length, 5)
    assert.deepEqual(await system().shop.stock(sku), { sku, available: 0, reserved: 0 })
  })

  it('reserves all articles of an order or none', async () => {
    const [plenty, scarce] = [someSku(), someSku()]
    await system().shop.putStock(plenty, 10)
    await system().shop.putStock(scarce, 1)
    const items = [
      { sku: plenty, qty: 4 },
      { sku: scarce, qty: 2 },
    ]
    const { sagaId } = await system().shop.post({ items })
    assert.equal((await system().untilFinal(sagaId)).reason, 'compensation')
    assert.deepEqual(await system().shop.stock(plenty), { sku: plenty, available: 10, reserved: 0 })
    assert.deepEqual(await system().shop.stock(scarce), { sku: scarce, available: 1, reserved: 0 })
  })

  it('answers the same order to the same Idempotency-Key, and runs one saga', async () => {
    const [first, second] = await Promise.all([
      system().shop.tryPost({}, { key: 'order-once' }),
      system().shop.tryPost({}, { key: 'order-once' }),
    ])
    const third = await system().shop.tryPost({}, { key: 'order-once' })
    const accepted = [first, second, third].filter(({ status }) => status === 202)
    assert(accepted.length >= 2)
    assert.equal(new Set(accepted.map(({ body }) => (body as { orderId: string }).orderId)).size, 1)
    const other = await system().shop.tryPost({ amount: 99 }, { key: 'order-once' })
    assert.equal(other.status, 422)
  })

  it('refunds an order for an unknown article with INVENTORY_UNKNOWN_SKU=reject', async () => {
    await system().restart('inventory', { INVENTORY_UNKNOWN_SKU: 'reject' })
    const { saga, payment } = await play({ customerEmail: someCustomer(), sku: someSku() })
    assert.deepEqual(historyOf(saga), refundHistory)
    assert.equal(payment?.status, 'refunded')
  })

  it('fails the same orders at the same rates, by the order id alone', async () => {
    const [declines, shortages] = [0.4, 0.4]
    await Promise.all([
      system().restart('payment', { PAYMENT_FAILURE_RATE: declines }),
      system().restart('inventory', { INVENTORY_FAILURE_RATE: shortages, INVENTORY_UNKNOWN_SKU: 'accept' }),
    ])
    const items = [{ sku: someSku(), qty: 1 }]
    const placed = await Promise.all(Array.from({ length: 40 }, () => system().shop.post({ items })))
    await system().settle()
    const gateway = createSimulatedGateway({ failureRate: declines, processingMs: 0, now: () => new Date() })
    const outcomes = new Set<string | null>()
    for (const { orderId, sagaId } of placed) {
      const charge = { key: orderId, orderId, amount: '1.00', currency: 'USD', customerEmail: '', deadline: new Date() }
      const declined = (await gateway.charge(charge)).kind === 'declined'
      const short = isShortBySimulation(orderId, items, shortages)
      const { status, reason } = await system().shop.saga(sagaId)
      const expected = declined ? 'payment_failed' : short ? 'compensation' : null
      assert.deepEqual([status, reason], [expected === null ? 'completed' : 'cancelled', expected])
      outcomes.add(reason)
    }
    assert.equal(outcomes.size, 3)
  })

  it('refunds the simulated payment for slow@…, which completes after the deadline', async () => {
    await Promise.all([
      system().restart('payment', { PAYMENT_FAILURE_RATE: 0 }),
      system().restart('order', { SAGA_TIMEOUT_MS: 1_000 }),
    ])
    const { saga, payment, mails, mailOf } = await play({ customerEmail: someCustomer('slow') })
    assert.deepEqual([saga.status, saga.reason, saga.compensation], ['timeout_cancelled', 'timeout', 'refunded'])
    assert.equal(payment?.status, 'refunded')
    assert.equal(mails.size, 2)
    assert.match(mailOf('order.cancelled')?.text ?? '', /could not complete your order in time/)
    assert.match(mailOf('payment.refunded')?.text ?? '', /refunded 125\.50 USD/)
  })
})
