// needs: database
import assert from 'node:assert/strict'
import { formatReport } from '../src/index.ts'
import { useAuditedSystem, notesIn, violationsIn } from './audited-system.ts'
import { plans, writeScenario } from './scenarios.ts'

const day = 86_400_000
const longAgo = new Date(Date.now() - 2 * 3_600_000)

describe('the audit of a consistent history', () => {
  const system = useAuditedSystem()

  it('finds nothing in an empty system', async () => {
    const report = await system().audit()
    assert.equal(report.clean, true)
    assert.equal(report.orders, 0)
  })

  for (const name of Object.keys(plans) as (keyof typeof plans)[]) {
    it(`finds nothing wrong with an order that is ${name}`, async () => {
      await writeScenario(system(), name)
      const report = await system().audit()
      assert.deepEqual(violationsIn(report), {})
      assert.equal(report.clean, true)
      assert.equal(report.orders, 1)
    })
  }

  it('reads every order once, however small its pages', async () => {
    const names = Object.keys(plans) as (keyof typeof plans)[]
    for (const name of names) await writeScenario(system(), name)
    // Payment and inventory need not have a record of every order: their tables have gaps where the other has none.
    const [early, late] = [
      await writeScenario(system(), 'declined', longAgo),
      await writeScenario(system(), 'declined'),
    ]
    await system().sql('payment', 'DELETE FROM payment_transactions WHERE order_id = $1', [early.orderId])
    await system().sql('inventory', 'DELETE FROM inventory_reservations WHERE order_id = $1', [late.orderId])
    for (const pageSize of [1, 2, 7, 100]) {
      const report = await system().audit({ pageSize })
      assert.deepEqual(violationsIn(report), {}, `pages of ${pageSize}`)
      assert.equal(report.orders, names.length + 2, `pages of ${pageSize}`)
    }
  })

  it('reports orders that are in flight, open, or late as information', async () => {
    const pending = await writeScenario(system(), 'pending')
    const refunding = await writeScenario(system(), 'refunding')
    const unknown = await writeScenario(system(), 'declined')
    await system().sql('payment', "UPDATE payment_transactions SET status = 'charging' WHERE order_id = $1", [
      unknown.orderId,
    ])
    const late = await writeScenario(system(), 'declined')
    await system().sql('order', 'UPDATE saga_instances SET finished_at = now() WHERE order_id = $1', [late.orderId])
    const violated = await writeScenario(system(), 'confirmed')
    await system().sql(
      'order',
      'INSERT INTO saga_violations (saga_id, violations, first_at, last_at) VALUES ($1, 1, now(), now())',
      [violated.sagaId],
    )
    const report = await system().audit()
    assert.equal(report.clean, true)
    assert.deepEqual(notesIn(report), {
      in_flight: [pending.orderId],
      open_compensations: [refunding.orderId],
      unknown_outcomes: [unknown.orderId],
      late_ends: [late.orderId],
      protocol_violations: [violated.orderId],
      outstanding_events: [`${pending.events['order.created']} order.created`],
    })
  })

  it('counts old history as settled once its outbox and inbox entries are removed', async () => {
    for (const ageMs of [30 * day, day - 30_000])
      await writeScenario(system(), 'confirmed', new Date(Date.now() - ageMs))
    for (const store of ['order', 'payment', 'inventory'] as const) {
      await system().sql(store, 'TRUNCATE events, processed_events')
    }
    assert.deepEqual(violationsIn(await system().audit()), {})
  })

  it('prints a line per check, and the numbers of orders and events', async () => {
    await writeScenario(system(), 'confirmed')
    const lines = formatReport(await system().audit()).split('\n')
    assert.equal(lines[0], 'kept      1 finality        0 violations: every order is final, or refunding, in time')
    assert.equal(
      lines[5],
      'skipped   6 client_answers  not checked: every accepted order exists, and one key created one order',
    )
    assert.match(lines.at(-1) ?? '', /^clean: 1 order and 4 events in \d+ ms$/)
  })
})
