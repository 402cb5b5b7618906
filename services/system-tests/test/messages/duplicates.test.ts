import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { catalogue } from '@order-saga/contracts'
import { waitUntil } from '@order-saga/local'
import { RunningSystem } from '../../harness/running-system.ts'

describe('an event that comes again', function () {
  this.timeout(120_000)
  let system: RunningSystem

  before(async () => {
    system = await RunningSystem.start({ env: { SAGA_TIMEOUT_MS: '1500' } })
    await system.putStock('SKU-1', 100)
    const happy = await system.order()
    const declined = await system.order({ customerEmail: 'decline@example.com' })
    const short = await system.order({ items: [{ sku: 'SIM-NONE', qty: 1 }] })
    await system.sagaBecomes(happy.sagaId, { status: 'completed' })
    await system.sagaBecomes(declined.sagaId, { status: 'cancelled' })
    await system.sagaBecomes(short.sagaId, { status: 'cancelled', compensation: 'refunded' })
    const late = await system.order({ customerEmail: 'slow@example.com' })
    await system.sagaBecomes(late.sagaId, { status: 'timeout_cancelled', compensation: 'refunded' })
    await system.settle()
  })
  after(() => system?.stop())

  /** Everything that an event could change, but for what was seen of it. */
  async function state(): Promise<unknown> {
    return {
      orders: await system.sql('order', 'SELECT order_id, status FROM orders ORDER BY 1'),
      sagas: await system.sql(
        'order',
        'SELECT saga_id, status, reason, compensation, refund_requests FROM saga_instances ORDER BY 1',
      ),
      payments: await system.sql(
        'payment',
        'SELECT order_id, status, charge_id, refund_id FROM payment_transactions ORDER BY 1',
      ),
      reservations: await system.sql(
        'inventory',
        'SELECT order_id, status, items FROM inventory_reservations ORDER BY 1',
      ),
      stock: await system.sql('inventory', 'SELECT sku, available, reserved, shipped FROM stock ORDER BY 1'),
      published: (
        await Promise.all(
          (['order', 'payment', 'inventory'] as const).map((store) =>
            system.sql<{ n: string }>(store, 'SELECT count(*) AS n FROM events'),
          ),
        )
      ).flat(),
    }
  }

  for (const { name, consumedBy } of catalogue) {
    it(`has no second effect: ${name}`, async () => {
      const events = system.broker.captured.filter((event) => event.name === name)
      assert.ok(events.length > 0, `${name} was never published`)
      const before = await state()
      const duplicates = async (): Promise<number> => {
        const counts = consumedBy.map((service) =>
          system.services[service].metric('event_consumed_total', `event="${name}",result="duplicate"`),
        )
        return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
      }
      const already = await duplicates()
      const wanted = already + 3 * events.length * consumedBy.length
      for (const { body, message } of [...events, ...events, ...events]) {
        await system.broker.publish(name, body, { messageId: message.properties.messageId as string })
      }
      await waitUntil(async () => (await duplicates()) >= wanted, {
        what: `${wanted} duplicates`,
        limitMs: 20_000,
        state: duplicates,
      })
      await system.assertClean()
      assert.deepEqual(await state(), before)
    })
  }

  it('under a new id meets the guards of the state, and changes nothing either', async () => {
    // A refund that is asked for again is answered again, so those two may publish; nothing else may.
    const answered = new Set(['payment.refund.requested'])
    const events = system.broker.captured.filter(({ name }) => !answered.has(name)).slice(0, 60)
    const before = await state()
    for (const { name, body } of events) await system.broker.publish(name, { ...body, eventId: randomUUID() })
    await system.settle()
    assert.deepEqual(await state(), before)
  })
})
