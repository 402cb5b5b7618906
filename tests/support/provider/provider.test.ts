import assert from 'node:assert/strict'
import { ProviderLedger } from './provider-ledger.ts'
import { type Provider, startProvider } from './provider.ts'

describe('The provider for tests', () => {
  let provider: Provider

  beforeEach(async () => {
    provider = await startProvider()
  })

  afterEach(() => provider.stop())

  function post(key: string, reference: string, amount = '10.00'): Promise<Response> {
    return fetch(`${provider.url}/charges`, {
      method: 'POST',
      headers: { authorization: `Bearer ${provider.apiKey}`, 'idempotency-key': key },
      body: JSON.stringify({ amount, currency: 'EUR', reference }),
    })
  }

  it('answers 201 first, 200 when the request is repeated, and 422 when the key is used for another', async () => {
    assert.equal((await post('key-1', 'order-1')).status, 201)
    assert.equal((await post('key-1', 'order-1')).status, 200)
    assert.equal((await post('key-1', 'order-2')).status, 422)
    assert.equal(provider.ledger.effects, 1)
  })

  it('answers 409 while a delayed effect has not taken place', async () => {
    provider.misbehave({ times: 1 }, { effectAfterMs: 60_000 })
    assert.equal((await post('key-1', 'order-1')).status, 409)
    assert.equal((await post('key-1', 'order-1')).status, 409)
    assert.equal(provider.ledger.takenFor('order-1'), '0')
    provider.settle()
    assert.equal((await post('key-1', 'order-1')).status, 200)
    assert.equal(provider.ledger.takenFor('order-1'), '10.00')
  })

  it('charges again once its keys expired, and records both', async () => {
    await post('key-1', 'order-1', '10.05')
    provider.ledger.forgetKeys()
    await post('key-1', 'order-1', '10.05')
    assert.equal(provider.ledger.takenFor('order-1'), '20.10')
    assert.equal(provider.ledger.effects, 2)
  })

  it('refunds no more than it has charged', () => {
    const ledger = new ProviderLedger()
    ledger.charge('key-1', { amount: '10.00', currency: 'EUR', reference: 'order-1' })
    assert.equal(ledger.refund('key-2', { charge: 'ch_1', amount: '4.00', currency: 'EUR' }).status, 201)
    assert.equal(ledger.refund('key-3', { charge: 'ch_1', amount: '6.01', currency: 'EUR' }).status, 422)
    assert.equal(ledger.refund('key-3', { charge: 'ch_1', amount: '6.00', currency: 'EUR' }).status, 201)
    assert.equal(ledger.givenBackFor('order-1'), '10.00')
  })

  it('misbehaves for one key, for some requests, and until the misbehaviour is lifted', async () => {
    const answer = { status: 503 }
    const rule = provider.misbehave({ operation: 'charge', key: 'key-1', times: 2 }, { takesEffect: false, answer })
    assert.equal((await post('key-2', 'order-2')).status, 201)
    assert.equal((await post('key-1', 'order-1')).status, 503)
    assert.equal((await post('key-1', 'order-1')).status, 503)
    assert.equal((await post('key-1', 'order-1')).status, 201)
    assert.equal(rule.applied, 2)
    provider.misbehave({}, { answer })
    assert.equal((await post('key-3', 'order-3')).status, 503)
    provider.behave()
    assert.equal((await post('key-3', 'order-3')).status, 200)
  })

  it('misbehaves for a share of the requests, the same ones in every run', async () => {
    const runs: number[][] = []
    for (let run = 0; run < 2; run += 1) {
      await provider.stop()
      provider = await startProvider()
      provider.misbehave({ share: 0.4 }, { answer: { status: 500 } })
      const statuses: number[] = []
      for (let number = 0; number < 100; number += 1) statuses.push((await post(`key-${number}`, 'order')).status)
      runs.push(statuses)
    }
    const [first = [], second] = runs
    assert.deepEqual(first, second)
    const failed = first.filter((status) => status === 500).length
    assert(failed > 25 && failed < 55, `${failed} of 100`)
  })

  it('closes every connection when it stops, and keeps its records over a restart', async () => {
    provider.misbehave({}, { answer: 'hang' })
    const hanging = post('key-1', 'order-1')
    hanging.catch(() => undefined)
    const deadline = performance.now() + 5_000
    while (provider.requests.length === 0 && performance.now() < deadline) await new Promise(setImmediate)
    await provider.stop()
    await assert.rejects(hanging)
    provider = await startProvider({ port: Number(new URL(provider.url).port), ledger: provider.ledger })
    assert.equal((await post('key-1', 'order-1')).status, 200)
  })
})
