import assert from 'node:assert/strict'
import { createHttpGateway } from '../../src/gateway/http-gateway.ts'
import type { PaymentGateway } from '../../src/gateway/payment-gateway.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import { type Provider, startProvider } from '@order-saga/tests/support/provider/provider'
import { someCharge, someRefund } from './some-charge.ts'

const unknown: Outcome = { thrown: 'OutcomeUnknown' }

describe("The HTTP gateway's check of responses", () => {
  let provider: Provider
  let gateway: PaymentGateway
  const charge = someCharge('order-1')
  const refund = someRefund(charge, 'ch_1')

  beforeEach(async () => {
    provider = await startProvider()
    gateway = createHttpGateway({ url: provider.url, apiKey: provider.apiKey, timeLimitMs: 20_000 })
  })

  afterEach(() => provider.stop())

  const contradictions = [
    ['amount', '49.91'],
    ['currency', 'USD'],
    ['reference', 'order-2'],
  ]
  for (const [field = '', value] of contradictions) {
    it(`rejects a charge with another ${field}`, async () => {
      provider.misbehave({ operation: 'charge' }, { answer: { fields: { [field]: value } } })
      assert.deepEqual(await outcomeOf(gateway.charge(charge), provider.apiKey), unknown)
    })
  }

  it('rejects a refund of another charge, and a failed one', async () => {
    await gateway.charge(charge)
    for (const fields of [{ charge: 'ch_2' }, { amount: '1.00' }, { currency: 'USD' }, { status: 'failed' }]) {
      const rule = provider.misbehave({ operation: 'refund' }, { answer: { fields } })
      assert.deepEqual(await outcomeOf(gateway.refund(refund), provider.apiKey), unknown)
      rule.lift()
    }
  })

  it('rejects a 402 with status charged, and accepts a decline with 200', async () => {
    const body = { id: 'ch_7', idempotency_key: charge.key, amount: '49.90', currency: 'EUR', reference: 'order-1' }
    const contrary = { status: 402, body: { ...body, status: 'succeeded' } }
    provider.misbehave({ operation: 'charge', times: 1 }, { takesEffect: false, answer: contrary })
    assert.deepEqual(await outcomeOf(gateway.charge(charge), provider.apiKey), unknown)
    const declined = { status: 200, body: { ...body, status: 'declined' } }
    provider.misbehave({ operation: 'charge', times: 1 }, { takesEffect: false, answer: declined })
    assert.deepEqual(await gateway.charge(charge), { kind: 'declined', detail: 'declined' })
  })

  it('redacts an API key that the provider repeats in an error or a decline', async () => {
    const repeated = `no such key: ${provider.apiKey}`
    const reply = { status: 500, body: { error: { code: repeated, message: repeated } } }
    const rule = provider.misbehave({}, { answer: reply })
    assert.deepEqual(await outcomeOf(gateway.charge(charge), provider.apiKey), unknown)
    rule.lift()
    const decline = { code: 'odd', message: `${repeated}\u0000\n${'long '.repeat(99)}` }
    provider.misbehave({}, { answer: { fields: { status: 'declined', decline } } })
    const outcome = await outcomeOf(gateway.charge(charge), provider.apiKey)
    assert('value' in outcome)
    assert.match(JSON.stringify(outcome.value), /"odd: no such key: \*\*\* {2}long /)
    assert(JSON.stringify(outcome.value).length < 300)
  })
})
