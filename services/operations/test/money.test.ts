// needs: database
import assert from 'node:assert/strict'
import { type Case, findsEach, all, appendEvent, orders, payments, remove, setAmount } from './corruptions.ts'
import { useAuditedSystem, violationsIn } from './audited-system.ts'
import { writeScenario } from './scenarios.ts'

const cases: readonly Case[] = [
  {
    plan: 'declined',
    how: 'was cancelled and its money kept',
    corrupt: payments("status = 'charged', charge_id = 'ch'"),
    found: 'money: cancelled, but still charged and no refund is in flight',
  },
  {
    plan: 'timedOut',
    how: 'believes in a refund that was not made',
    corrupt: payments("status = 'charged'"),
    found: 'money: cancelled, but still charged and no refund is in flight',
  },
  {
    plan: 'confirmed',
    how: 'is confirmed and unknown to payment',
    corrupt: remove('payment', 'payment_transactions'),
    found: 'money: confirmed, but payment has no record of the order',
  },
  {
    plan: 'confirmed',
    how: 'is confirmed and was refunded',
    corrupt: payments("status = 'refunded'"),
    found: 'money: confirmed, but its payment is refunded',
  },
  {
    plan: 'confirmed',
    how: 'is confirmed and has no charge',
    corrupt: payments('charge_id = NULL'),
    found: 'money: confirmed, but charged without a charge id',
  },
  {
    plan: 'confirmed',
    how: 'was charged another amount',
    corrupt: orders('amount = 125.51'),
    found: 'money: confirmed, but another amount was charged',
  },
  {
    plan: 'confirmed',
    how: 'was charged in another currency',
    corrupt: orders("currency = 'USD'"),
    found: 'money: confirmed, but another amount was charged',
  },
  {
    plan: 'confirmed',
    how: 'was announced to have paid another amount',
    corrupt: setAmount('payment.completed', '1.00'),
    found: 'money: the published amount differs from the charged amount',
  },
  {
    plan: 'compensated',
    how: 'got back less than it had paid',
    corrupt: setAmount('payment.refunded', '125.00'),
    found: 'money: the refunded amount differs from the charged amount',
  },
  {
    plan: 'declined',
    how: 'does not exist and has paid',
    corrupt: all(
      payments("status = 'charged', charge_id = 'ch'"),
      remove('order', 'saga_instances'),
      remove('order', 'orders'),
    ),
    found: 'money: charged for an order that does not exist',
  },
  {
    plan: 'confirmed',
    how: 'was paid under another saga',
    corrupt: payments('saga_id = gen_random_uuid()'),
    found: 'money: its payment references another saga',
  },
]

describe('the audit of money', () => {
  const system = useAuditedSystem()

  findsEach(cases, system)

  it('accepts a repeated refund request, and an answer of 0 before the charge was recorded', async () => {
    const scenario = await writeScenario(system(), 'compensated')
    await appendEvent('payment.refund.requested', 'order')(system(), scenario)
    await appendEvent('payment.refund.requested', 'order')(system(), scenario)
    await appendEvent('payment.refunded', 'payment')(system(), scenario)
    await setAmount('payment.refunded', '0')(system(), scenario)
    assert.deepEqual(violationsIn(await system().audit()), {})
  })

  it('finds one whose refund was only ever answered with 0', async () => {
    const scenario = await writeScenario(system(), 'compensated')
    await setAmount('payment.refunded', '0.00')(system(), scenario)
    assert.deepEqual(violationsIn(await system().audit()), {
      'money: the refunded amount differs from the charged amount': [scenario.orderId],
    })
  })

  it('counts every order when there are more suspects than one page', async () => {
    for (let i = 0; i < 5; i += 1) await writeScenario(system(), 'declined')
    await system().sql('payment', "UPDATE payment_transactions SET status = 'charged', charge_id = order_id::text")
    const report = await system().audit({ suspectLimit: 2, idsShown: 10 })
    const money = report.checks.find(({ check }) => check === 'money')
    assert.deepEqual([money?.violations, new Set(money?.kinds[0]?.ids).size], [5, 5])
  })

  it('names orders up to its limit, and counts the rest', async () => {
    for (let i = 0; i < 3; i += 1) await writeScenario(system(), 'declined')
    await system().sql('payment', "UPDATE payment_transactions SET status = 'charged', charge_id = order_id::text")
    const report = await system().audit({ idsShown: 2 })
    const money = report.checks.find(({ check }) => check === 'money')
    assert.equal(money?.violations, 3)
    assert.equal(money?.kinds[0]?.ids.length, 2)
  })
})
