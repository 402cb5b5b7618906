// needs: system
import assert from 'node:assert/strict'
import type { EventName } from '@order-saga/contracts'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import { Capture } from '../support/capture.ts'
import { type Store, stores } from '../support/databases.ts'
import { Gate } from '../support/gate.ts'
import { requestsFor } from '../support/ledger.ts'
import { mailsTo } from '../support/mails.ts'
import { someCustomer } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

/** An event that each service publishes. */
const eventOf: Record<Store, EventName> = {
  order: 'order.created',
  payment: 'payment.completed',
  inventory: 'inventory.reserved',
}

describe('A service that is killed', function () {
  this.timeout(120_000)
  let provider: Provider
  let mailServer: MailServer
  let capture: Capture
  const system = useSystem(async () => {
    ;[provider, mailServer] = await Promise.all([startProvider(), startMailServer()])
    return { provider, mailServer }
  })
  before(async () => {
    capture = await Capture.start(system().broker)
  })
  afterEach(() => provider.behave())
  after(() => Promise.all([provider.stop(), mailServer.stop()]))

  /** Posts an order whose answer may get lost, and returns it once it is durable. */
  async function postDespite(customerEmail: string): Promise<void> {
    await system()
      .shop.tryPost({ customerEmail })
      .catch(() => undefined)
  }

  async function orderOf(customerEmail: string): Promise<{ orderId: string; sagaId: string }> {
    return await system().until('the order', async () => {
      const rows = await system().sql<{ orderId: string; sagaId: string }>(
        'order',
        'SELECT order_id AS "orderId", saga_id AS "sagaId" FROM orders WHERE customer_email = $1',
        [customerEmail],
      )
      return rows[0]
    })
  }

  async function outboxRow(store: Store, orderId: string): Promise<{ published: boolean } | undefined> {
    const rows = await system().sql<{ published: boolean }>(
      store,
      'SELECT published_at IS NOT NULL AS published FROM events WHERE order_id = $1 AND routing_key = $2',
      [orderId, eventOf[store]],
    )
    return rows[0]
  }

  /**
   * Has an order come to the gate of each service in turn, from the last one to the first, and lets `crash` kill it there.
   * Then starts all again and waits until the three orders are confirmed.
   */
  async function crashEach(
    at: 'append' | 'record',
    crash: (store: Store, gate: Gate, customer: string) => Promise<void>,
  ): Promise<Record<Store, string>> {
    const orderIds: Partial<Record<Store, string>> = {}
    const customers: Record<Store, string> = {
      order: someCustomer(),
      payment: someCustomer(),
      inventory: someCustomer(),
    }
    for (const store of stores.toReversed()) {
      // The marks of earlier orders would come to the gate.
      const unmarked = 'SELECT FROM events WHERE routing_key = $1 AND published_at IS NULL'
      await system().until(
        'the marks of earlier events',
        async () => (await system().sql(store, unmarked, [eventOf[store]])).length === 0,
      )
      const gate = await Gate.close(system(), { store, before: at, event: eventOf[store] })
      const posted = postDespite(customers[store])
      await gate.reached()
      await crash(store, gate, customers[store])
      await posted
      orderIds[store] = (await orderOf(customers[store])).orderId
    }
    await Promise.all(stores.map((store) => system().start(store)))
    for (const store of stores) {
      const { sagaId } = await orderOf(customers[store])
      assert.equal((await system().untilFinal(sagaId)).status, 'completed')
    }
    await system().settle()
    return orderIds as Record<Store, string>
  }

  it('between commit and publication publishes the committed event once after its restart', async () => {
    const orderIds = await crashEach('append', async (store, gate, customer) => {
      system().services[store].pause()
      await gate.open()
      const { orderId } = await orderOf(customer)
      await system().until('the commit', () => outboxRow(store, orderId))
      await system().services[store].kill()
      assert.deepEqual(await outboxRow(store, orderId), { published: false })
    })
    for (const store of stores) assert.equal(capture.of(orderIds[store], eventOf[store]).length, 1)
    // The deliveries whose effects were committed came again: they had not been acknowledged.
    for (const store of ['payment', 'inventory'] as const) {
      const duplicates = (await system().metrics(store)).sum('event_consumed_total', { result: 'duplicate' })
      assert(duplicates >= 1, `${store} has seen ${duplicates} duplicates`)
    }
  })

  it('between the publication and its record publishes again, and the second copy has no effect', async () => {
    const orderIds = await crashEach('record', async (store, gate, customer) => {
      await system().services[store].kill()
      await gate.turnAway()
      await gate.open()
      const { orderId } = await orderOf(customer)
      assert.deepEqual(await outboxRow(store, orderId), { published: false })
      assert.equal(capture.of(orderId, eventOf[store]).length, 1)
    })
    for (const store of stores) {
      // The database prints the payload in its own way; in everything that has a meaning the copies are the same.
      const copies = capture.of(orderIds[store], eventOf[store]).map(({ content: _content, ...meaning }) => meaning)
      assert.equal(copies.length, 2)
      assert.deepEqual(copies[1], copies[0])
      assert.deepEqual(requestsFor(provider, orderIds[store]), ['charge'])
    }
  })

  it('within a reaction of one round trip leaves no part of it, and repeats it after its restart', async () => {
    const customer = someCustomer()
    const gate = await Gate.close(system(), { store: 'order', before: 'append', event: 'order.confirmed' })
    const { orderId, sagaId } = await system().shop.post({ customerEmail: customer })
    await gate.reached()
    await system().services.order.kill()
    await gate.turnAway()
    await gate.open()
    const read = async (): Promise<unknown> =>
      (
        await system().sql(
          'order',
          `SELECT s.status = 'completed' AS completed, o.status AS order, s.history @> '[{"event": "order.confirmed"}]' AS confirms,
             (SELECT count(*)::integer FROM events e WHERE e.order_id = o.order_id) AS events
           FROM orders o JOIN saga_instances s USING (order_id) WHERE o.order_id = $1`,
          [orderId],
        )
      )[0]
    assert.deepEqual(await read(), { completed: false, order: 'pending', confirms: false, events: 1 })
    await system().start('order')
    assert.equal((await system().untilFinal(sagaId)).status, 'completed')
    assert.deepEqual(await read(), { completed: true, order: 'confirmed', confirms: true, events: 2 })
    await system().settle()
    assert.equal(capture.of(orderId, 'order.confirmed').length, 1)
  })

  it('while the provider charges or refunds causes one charge and one refund', async () => {
    // Refunds are held back first: a charge that is held would keep its order from ever getting that far.
    provider.misbehave({ operation: 'refund', times: 1 }, { delayMs: 60_000 })
    const refunded = await system().shop.post({ items: [{ sku: 'SIM-NONE', qty: 1 }], amount: 30 })
    await system().until('the refund', () => provider.ledger.givenBackFor(refunded.orderId) === '30.00')
    provider.misbehave({ operation: 'charge', times: 1 }, { delayMs: 60_000 })
    const charged = await system().shop.post({ amount: 20 })
    await system().until('the charge', () => provider.ledger.takenFor(charged.orderId) === '20.00')
    await system().services.payment.kill()
    provider.behave()
    await system().start('payment')
    assert.equal((await system().untilFinal(charged.sagaId)).status, 'completed')
    assert.equal((await system().untilFinal(refunded.sagaId)).reason, 'compensation')
    assert.equal(provider.ledger.takenFor(charged.orderId), '20.00')
    assert.equal(provider.ledger.givenBackFor(charged.orderId), '0')
    assert.equal(provider.ledger.takenFor(refunded.orderId), '30.00')
    assert.equal(provider.ledger.givenBackFor(refunded.orderId), '30.00')
  })

  it('after the mail server accepted an e-mail and before its reply sends the identical e-mail again', async () => {
    mailServer.stallNext('data')
    const customerEmail = someCustomer()
    await system().shop.post({ customerEmail })
    await system().until('the mail', () => mailsTo(mailServer, customerEmail).length === 1)
    await system().services.notification.kill()
    await system().start('notification')
    await system().until('the mail again', () => mailsTo(mailServer, customerEmail).length === 2)
    const [first, second] = mailsTo(mailServer, customerEmail)
    assert.equal(second?.messageId, first?.messageId)
    assert.equal(second?.text, first?.text)
  })
})
