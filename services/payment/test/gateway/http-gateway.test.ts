import assert from 'node:assert/strict'
import { createHttpGateway } from '../../src/gateway/http-gateway.ts'
import { GatewayUnavailable, OutcomeUnknown, type PaymentGateway } from '../../src/gateway/payment-gateway.ts'
import { ProviderLedger } from '@order-saga/tests/support/provider/provider-ledger'
import { type Provider, startProvider } from '@order-saga/tests/support/provider/provider'
import { someCharge, someRefund } from './some-charge.ts'

describe('The HTTP gateway with a healthy provider', () => {
  let provider: Provider
  let gateway: PaymentGateway

  beforeEach(async () => {
    const ledger = new ProviderLedger(({ reference }) => reference.startsWith('poor'))
    provider = await startProvider({ ledger })
    gateway = createHttpGateway({ url: provider.url, apiKey: provider.apiKey, timeLimitMs: 5_000 })
  })

  afterEach(() => provider.stop())

  it('charges an order and finds the charge by its key', async () => {
    const charge = someCharge('order-1')
    const charged = await gateway.charge(charge)
    assert.deepEqual(charged, { kind: 'charged', chargeId: 'ch_1' })
    assert.deepEqual(await gateway.findCharge(charge.key), charged)
    assert.equal(provider.ledger.takenFor('order-1'), '49.90')
  })

  it('charges once for repeated requests', async () => {
    const charge = someCharge('order-1')
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      assert.deepEqual(await gateway.charge(charge), { kind: 'charged', chargeId: 'ch_1' })
    }
    assert.equal(provider.ledger.effects, 1)
  })

  it('charges once when the network delivers a request twice', async () => {
    provider.misbehave({ operation: 'charge' }, { deliveries: 2 })
    assert.equal((await gateway.charge(someCharge('order-1'))).kind, 'charged')
    assert.equal(provider.ledger.effects, 1)
  })

  it('reports an explicit decline, also on repetition and look-up', async () => {
    const charge = someCharge('poor-1')
    const declined = { kind: 'declined', detail: 'insufficient_funds: The card has not enough money.' }
    assert.deepEqual(await gateway.charge(charge), declined)
    assert.deepEqual(await gateway.charge(charge), declined)
    assert.deepEqual(await gateway.findCharge(charge.key), declined)
    assert.equal(provider.ledger.effects, 0)
  })

  it('refunds a charge once and finds the refund by its key', async () => {
    const charge = someCharge('order-1')
    await gateway.charge(charge)
    const refund = someRefund(charge, 'ch_1')
    assert.deepEqual(await gateway.refund(refund), { refundId: 're_1' })
    assert.deepEqual(await gateway.refund(refund), { refundId: 're_1' })
    assert.deepEqual(await gateway.findRefund(refund.key), { refundId: 're_1' })
    assert.equal(provider.ledger.givenBackFor('order-1'), '49.90')
    assert.deepEqual(await gateway.findCharge(charge.key), { kind: 'charged', chargeId: 'ch_1' })
  })

  it('finds nothing under a key the provider has never seen', async () => {
    assert.equal(await gateway.findCharge('charge:nobody'), undefined)
    assert.equal(await gateway.findRefund('refund:nobody'), undefined)
  })

  it('does not report a key used for another amount as a decline', async () => {
    await gateway.charge(someCharge('order-1'))
    await assert.rejects(gateway.charge(someCharge('order-1', { amount: '50.00' })), OutcomeUnknown)
    assert.equal(provider.ledger.takenFor('order-1'), '49.90')
  })

  it('does not report an invalid request as a decline', async () => {
    await assert.rejects(gateway.charge(someCharge('order-1', { amount: 'ten' })), /400: invalid_request/)
    await assert.rejects(gateway.charge(someCharge('order-1', { amount: 'ten' })), OutcomeUnknown)
    await assert.rejects(gateway.refund(someRefund(someCharge('order-1'), 'ch_9')), /422: charge_not_found/)
  })

  it('does not choose between two charges or refunds under one key', async () => {
    const charge = someCharge('order-1')
    await gateway.charge(charge)
    provider.ledger.forgetKeys()
    await gateway.charge(charge)
    await assert.rejects(gateway.findCharge(charge.key), OutcomeUnknown)
    const refund = { ...someRefund(charge, 'ch_1'), amount: '20.00' }
    await gateway.refund(refund)
    provider.ledger.forgetKeys()
    await gateway.refund(refund)
    await assert.rejects(gateway.findRefund(refund.key), OutcomeUnknown)
  })

  it('reads 49.9 and 49.90 as the same amount', async () => {
    provider.misbehave({ operation: 'charge' }, { answer: { fields: { amount: '049.9' } } })
    assert.equal((await gateway.charge(someCharge('order-1'))).kind, 'charged')
  })

  it('keeps its connections alive', async () => {
    for (const id of ['order-1', 'order-2', 'order-3', 'poor-4']) {
      await gateway.charge(someCharge(id))
      await gateway.findCharge(`charge:${id}`)
    }
    assert.equal(provider.requests.length, 8)
    assert(provider.connections <= 2, `${provider.connections} connections for 8 requests`)
  })

  it('finds the paths behind a base path, and is unavailable where there are none', async () => {
    const slashed = createHttpGateway({ url: `${provider.url}/`, apiKey: provider.apiKey, timeLimitMs: 5_000 })
    assert.equal((await slashed.charge(someCharge('order-1'))).kind, 'charged')
    const elsewhere = createHttpGateway({ url: `${provider.url}/v9`, apiKey: provider.apiKey, timeLimitMs: 5_000 })
    await assert.rejects(elsewhere.charge(someCharge('order-2')), GatewayUnavailable)
    await assert.rejects(elsewhere.findCharge('charge:order-1'), GatewayUnavailable)
  })

  it('refuses an unusable URL or key without printing it', () => {
    const apiKey = 'the-secret'
    for (const url of [
      'nonsense',
      'ftp://a.example',
      'https://me:the-secret@a.example',
      'https://a.example?k=the-secret',
    ]) {
      assert.throws(
        () => createHttpGateway({ url, apiKey, timeLimitMs: 1 }),
        /^Error: the provider must be an http or https URL without credentials, query and fragment$/,
      )
    }
    for (const key of ['', 'the secret', 'the-secret\n', 'the-sécret']) {
      const options = { url: 'https://a.example', apiKey: key, timeLimitMs: 1 }
      assert.throws(() => createHttpGateway(options), /^Error: the API key must be printable ASCII without spaces$/)
    }
  })
})
