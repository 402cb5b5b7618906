// needs: database
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { GatewayLedger, LedgerEntry } from '../src/index.ts'
import { AuditedSystem, violationsIn } from './audited-system.ts'
import { writeScenario } from './scenarios.ts'

const entry = (kind: string, orderId: string): LedgerEntry => ({
  id: `${kind}_${orderId}`,
  amount: '125.50',
  currency: 'EUR',
})

describe("the audit of the provider's records", () => {
  let system: AuditedSystem
  let charges: Map<string, LedgerEntry>
  let refunds: Map<string, LedgerEntry>
  /** Orders: confirmed, refunded, declined. */
  let paid: string
  let returned: string
  let declined: string

  before(async () => {
    system = await AuditedSystem.start()
  })
  after(() => system.stop())
  beforeEach(async () => {
    paid = (await writeScenario(system, 'confirmed')).orderId
    returned = (await writeScenario(system, 'compensated')).orderId
    declined = (await writeScenario(system, 'declined')).orderId
    charges = new Map([paid, returned].map((orderId) => [`charge:${orderId}`, entry('ch', orderId)]))
    refunds = new Map([[`refund:${returned}`, entry('re', returned)]])
  })
  afterEach(() => system.clear())

  const found = async (): Promise<Record<string, readonly string[]>> => {
    const gateway: GatewayLedger = { charges, refunds }
    return violationsIn(await system.audit({}, { gateway }))
  }

  it('finds nothing when both agree', async () => {
    assert.deepEqual(await found(), {})
  })

  it('finds a charge without a record of payment', async () => {
    charges.set(`charge:${declined}`, entry('ch', declined))
    assert.deepEqual(await found(), { 'money: charged at the provider, but payment has no record of it': [declined] })
  })

  it('finds a recorded charge that the provider does not have', async () => {
    charges.delete(`charge:${paid}`)
    assert.deepEqual(await found(), { 'money: charged according to payment, but not at the provider': [paid] })
  })

  for (const [what, change] of Object.entries({
    amount: { amount: '125.51' },
    currency: { currency: 'USD' },
    id: { id: 'x' },
  })) {
    it(`finds a charge and a refund with another ${what}`, async () => {
      charges.set(`charge:${paid}`, { ...entry('ch', paid), ...change })
      refunds.set(`refund:${returned}`, { ...entry('re', returned), ...change })
      assert.deepEqual(await found(), {
        "money: the provider's charge differs from payment's": [paid],
        "money: the provider's refund differs from payment's": [returned],
      })
    })
  }

  it('finds a refund without a record of payment', async () => {
    refunds.set(`refund:${paid}`, entry('re', paid))
    assert.deepEqual(await found(), { 'money: refunded at the provider, but payment has no record of it': [paid] })
  })

  it('finds a recorded refund that the provider does not have', async () => {
    refunds.clear()
    assert.deepEqual(await found(), { 'money: refunded according to payment, but not at the provider': [returned] })
  })

  it('finds a charge for an unknown order', async () => {
    const unknown = `charge:${randomUUID()}`
    charges.set(unknown, entry('ch', unknown))
    refunds.set('odd key', entry('re', unknown))
    assert.deepEqual(await found(), {
      'money: charged or refunded at the provider for an order that does not exist': [unknown, 'odd key'],
    })
  })

  it('waits for payment while the outcome is unknown', async () => {
    await system.sql(
      'payment',
      "UPDATE payment_transactions SET status = 'charging', charge_id = NULL WHERE order_id = $1",
      [declined],
    )
    await system.sql('payment', "UPDATE payment_transactions SET status = 'refunding' WHERE order_id = $1", [returned])
    charges.set(`charge:${declined}`, entry('ch', declined))
    assert.deepEqual(Object.keys(await found()), [])
  })
})
