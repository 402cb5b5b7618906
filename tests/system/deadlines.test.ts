// needs: system
import assert from 'node:assert/strict'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import { requestsFor } from '../support/ledger.ts'
import { mailsTo } from '../support/mails.ts'
import { Network } from '../support/network.ts'
import { someCustomer, someSku, historyOf } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

describe('The deadline', function () {
  this.timeout(120_000)
  let provider: Provider
  let mailServer: MailServer
  const system = useSystem(async () => {
    ;[provider, mailServer] = await Promise.all([startProvider(), startMailServer()])
    return { provider, mailServer, env: { PAYMENT_GATEWAY_TIMEOUT_MS: 20_000 } }
  })
  after(() => Promise.all([provider.stop(), mailServer.stop()]))
  afterEach(() => provider.behave())

  function refundsOf(orderId: string): number {
    return provider.ledger.refunds.filter(({ idempotency_key: key }) => key === `refund:${orderId}`).length
  }

  it('refunds a payment that arrives after it, exactly once', async () => {
    const customerEmail = someCustomer()
    provider.misbehave({ operation: 'charge', times: 1 }, { delayMs: 60_000 })
    const placed = await system().shop.post({ customerEmail, amount: 40.2 })
    const { orderId, sagaId } = placed
    await system().until('the provider to charge', () => provider.ledger.takenFor(orderId) === '40.20')
    await system().passDeadline(placed)
    await system().until('payment to see the cancellation', async () => {
      const rows = await system().sql(
        'payment',
        'SELECT FROM payment_transactions WHERE order_id = $1 AND cancel_seen',
        [orderId],
      )
      return rows.length === 1
    })
    provider.settle()
    await system().untilFinal(sagaId)
    await system().settle()
    const saga = await system().shop.saga(sagaId)
    assert.deepEqual(historyOf(saga).slice(0, 5), [
      '> order.created: pending',
      '> order.cancelled: timeout_cancelled',
      '< payment.completed: timeout_cancelled',
      '> payment.refund.requested: timeout_cancelled',
      ...historyOf(saga).slice(4, 5),
    ])
    // Inventory refuses the reservation, and payment refunds; which of the two is seen first is open.
    assert.deepEqual(historyOf(saga).slice(4).toSorted(), [
      '< inventory.failed: timeout_cancelled (late)',
      '< payment.refunded: timeout_cancelled',
    ])
    assert.deepEqual([saga.reason, saga.compensation], ['timeout', 'refunded'])
    assert.equal(provider.ledger.givenBackFor(orderId), '40.20')
    assert.deepEqual(requestsFor(provider, orderId), ['charge', 'refund'])
    const subjects = mailsTo(mailServer, customerEmail).map(({ subject }) => subject)
    assert.deepEqual(subjects.toSorted(), [`Your order ${orderId} was cancelled`, `Your refund for order ${orderId}`])
  })

  it('releases a reservation that arrives after it', async () => {
    const sku = someSku()
    await system().shop.putStock(sku, 4)
    const network = await Network.take(system(), [{ name: 'inventory.reserved', to: 'order' }])
    const placed = await system().shop.post({ items: [{ sku, qty: 3 }] })
    await network.next(placed.orderId, 'inventory.reserved')
    await system().untilStatus(placed.sagaId, 'payment_completed')
    assert.deepEqual(await system().shop.stock(sku), { sku, available: 1, reserved: 3 })
    await system().passDeadline(placed)
    await system().untilFinal(placed.sagaId)
    await network.giveBack()
    await system().settle()
    const saga = await system().shop.saga(placed.sagaId)
    assert.deepEqual(historyOf(saga).slice(1), [
      '< payment.completed: payment_completed',
      '> order.cancelled: timeout_cancelled',
      '> payment.refund.requested: timeout_cancelled',
      '< payment.refunded: timeout_cancelled',
      '< inventory.reserved: timeout_cancelled (late)',
    ])
    assert.deepEqual(await system().shop.stock(sku), { sku, available: 4, reserved: 0 })
    assert.equal(refundsOf(placed.orderId), 1)
  })

  it('leaves nothing reserved by an inventory that was stopped while it expired', async () => {
    const sku = someSku()
    await system().shop.putStock(sku, 4)
    system().services.inventory.pause()
    const placed = await system().shop.post({ items: [{ sku, qty: 3 }] })
    await system().untilStatus(placed.sagaId, 'payment_completed')
    await system().passDeadline(placed)
    await system().untilFinal(placed.sagaId)
    system().services.inventory.resume()
    await system().settle()
    assert.deepEqual(await system().shop.stock(sku), { sku, available: 4, reserved: 0 })
    const saga = await system().shop.saga(placed.sagaId)
    assert.deepEqual([saga.status, saga.compensation], ['timeout_cancelled', 'refunded'])
  })

  it('is no reason to cancel when the reservation was seen before', async () => {
    const confirmed = await system().shop.post()
    await system().untilFinal(confirmed.sagaId)
    system().services.payment.pause()
    const overdue = await system().shop.post()
    await system().sql('order', 'UPDATE saga_instances SET timeout_at = now() WHERE saga_id = $1', [confirmed.sagaId])
    await system().passDeadline(overdue)
    system().services.payment.resume()
    assert.equal((await system().shop.saga(confirmed.sagaId)).status, 'completed')
  })

  it('repeats the request of an overdue refund, each time by a new event, and it is paid once', async () => {
    await system().restart('order', { REFUND_RETRY_MS: 150 })
    const network = await Network.take(system(), [{ name: 'inventory.failed', to: 'order' }])
    const placed = await system().shop.post({ items: [{ sku: 'SIM-NONE', qty: 1 }], amount: 8 })
    const { orderId, sagaId } = placed
    await network.next(orderId, 'inventory.failed')
    await system().untilStatus(sagaId, 'payment_completed')
    system().services.payment.pause()
    await network.pass(orderId, 'inventory.failed', 'order')
    await system().until('three refund requests', () => network.of(orderId, 'payment.refund.requested').length >= 3)
    system().services.payment.resume()
    const saga = await system().untilFinal(sagaId)
    await network.giveBack()
    await system().restart('order', { REFUND_RETRY_MS: 30_000 })
    await system().settle()
    assert.deepEqual([saga.status, saga.reason, saga.compensation], ['cancelled', 'compensation', 'refunded'])
    const asked = network.of(orderId, 'payment.refund.requested').map(({ eventId }) => eventId)
    assert.equal(new Set(asked).size, asked.length)
    assert.equal(refundsOf(orderId), 1)
    assert.equal(provider.ledger.givenBackFor(orderId), '8.00')
  })

  describe('while payment is unavailable', () => {
    before(() => system().restart('order', { SAGA_TIMEOUT_MS: 1_000 }))

    it('cancels every order, and payment charges none of them after its restart', async () => {
      await system().services.payment.stop()
      const placed = await Promise.all(Array.from({ length: 5 }, () => system().shop.post()))
      for (const { sagaId } of placed) await system().untilStatus(sagaId, 'timeout_cancelled')
      await system().start('payment')
      await system().settle()
      for (const { orderId, sagaId } of placed) {
        assert.deepEqual(historyOf(await system().shop.saga(sagaId)), [
          '> order.created: pending',
          '> order.cancelled: timeout_cancelled',
          '< payment.failed: timeout_cancelled (late)',
        ])
        assert.deepEqual(requestsFor(provider, orderId), [])
      }
    })

    it('is enforced by payment, too, before the order service has checked it', async () => {
      await system().restart('order', { TIMEOUT_CHECK_INTERVAL_MS: 3_600_000 })
      const customerEmail = someCustomer()
      system().services.payment.pause()
      const { orderId, sagaId } = await system().shop.post({ customerEmail })
      const deadline = Date.parse((await system().shop.saga(sagaId)).deadline)
      await system().until('the deadline to pass', () => Date.now() > deadline)
      system().services.payment.resume()
      const saga = await system().untilFinal(sagaId)
      assert.deepEqual(historyOf(saga), [
        '> order.created: pending',
        '< payment.failed: timeout_cancelled',
        '> order.cancelled: timeout_cancelled',
      ])
      assert.deepEqual([saga.reason, saga.compensation], ['timeout', 'none'])
      const [failed] = await system().sql<{ payload: unknown }>(
        'payment',
        `SELECT payload FROM events WHERE order_id = $1`,
        [orderId],
      )
      assert.deepEqual(failed?.payload, { reason: 'expired', detail: 'expired' })
      assert.deepEqual(requestsFor(provider, orderId), [])
      await system().settle()
      const [mail, ...more] = mailsTo(mailServer, customerEmail)
      assert.match(mail?.text ?? '', /could not complete your order in time/)
      assert.deepEqual(more, [])
    })
  })
})
