import assert from 'node:assert/strict'
import { createHttpGateway } from '../../src/gateway/http-gateway.ts'
import type { PaymentGateway } from '../../src/gateway/payment-gateway.ts'
import type { Misbehaviour } from '@order-saga/tests/support/provider/misbehaviour'
import { type Failure, outcomeOf } from './outcome.ts'
import { type Provider, startProvider } from '@order-saga/tests/support/provider/provider'
import { someCharge, someRefund } from './some-charge.ts'

const unknown: Failure = { thrown: 'OutcomeUnknown' }
const unavailable: Failure = { thrown: 'GatewayUnavailable' }
const timeLimitMs = 300
const longTimeLimitMs = 20_000

/** Each affects one call of each kind; the outcome is the same for all of them. */
const misbehaviours: readonly (readonly [string, Misbehaviour, Failure])[] = [
  ['500 before the effect', { takesEffect: false, answer: { status: 500 } }, unknown],
  ['500 after the effect', { answer: { status: 500 } }, unknown],
  ['502 with a page', { answer: { status: 502, body: '<html>' } }, unknown],
  ['503 before the effect', { takesEffect: false, answer: { status: 503 } }, unknown],
  ['504 after the effect', { answer: { status: 504 } }, unknown],
  ['a connection cut before the effect', { takesEffect: false, answer: 'cut' }, unknown],
  ['a connection cut after the effect', { answer: 'cut' }, unknown],
  ['a connection cut in the middle of the answer', { answer: 'cut-halfway' }, unknown],
  ['no answer and no effect', { takesEffect: false, answer: 'hang' }, unknown],
  ['no answer after the effect', { answer: 'hang' }, unknown],
  ['an answer that stops in its middle', { answer: 'stall' }, unknown],
  ['an answer that comes too late', { delayMs: timeLimitMs * 3 }, unknown],
  ['an answer that is no JSON', { answer: 'garbage' }, unknown],
  ['an answer that is no HTTP', { answer: 'no-http' }, unknown],
  ['an answer without its id', { answer: { fields: { id: undefined } } }, unknown],
  ['an answer with an id that is none', { answer: { fields: { id: '' } } }, unknown],
  ['an answer with an unknown status', { answer: { fields: { status: 'maybe' } } }, unknown],
  ['an answer that says pending', { answer: { fields: { status: 'pending' } } }, unknown],
  ['an answer for another key', { answer: { fields: { idempotency_key: 'charge:other' } } }, unknown],
  ['an answer with an amount that is none', { answer: { fields: { amount: 49.9 } } }, unknown],
  ['an answer of two megabytes', { answer: 'huge' }, unknown],
  ['an empty 200', { answer: { status: 200 } }, unknown],
  ['a 202', { answer: { status: 202, body: {} } }, unknown],
  ['a redirect', { takesEffect: false, answer: 'redirect' }, unknown],
  ['400', { takesEffect: false, answer: { status: 400 } }, unknown],
  ['402 that is no decline', { takesEffect: false, answer: { status: 402, body: { error: { code: 'x' } } } }, unknown],
  ['408', { takesEffect: false, answer: { status: 408 } }, unknown],
  ['409 in progress', { answer: { status: 409, body: { error: { code: 'in_progress' } } } }, unknown],
  ['422', { takesEffect: false, answer: { status: 422 } }, unknown],
  ['401', { takesEffect: false, answer: { status: 401 } }, unavailable],
  ['403', { takesEffect: false, answer: { status: 403 } }, unavailable],
  ['404', { takesEffect: false, answer: { status: 404 } }, unavailable],
  ['405', { takesEffect: false, answer: { status: 405 } }, unavailable],
  ['429', { takesEffect: false, answer: { status: 429 } }, unavailable],
]

describe('The HTTP gateway with a failing provider', () => {
  let provider: Provider
  let gateway: PaymentGateway
  let hasty: PaymentGateway
  const charge = someCharge('order-1')
  const refund = someRefund(charge, 'ch_1')

  beforeEach(async () => {
    provider = await startProvider()
    gateway = createHttpGateway({ url: provider.url, apiKey: provider.apiKey, timeLimitMs: longTimeLimitMs })
    hasty = createHttpGateway({ url: provider.url, apiKey: provider.apiKey, timeLimitMs })
  })

  afterEach(() => provider.stop())

  for (const [name, misbehaviour, expected] of misbehaviours) {
    const { answer, delayMs } = misbehaviour
    const limited = answer === 'hang' || answer === 'stall' || delayMs !== undefined
    const asked = () => (limited ? hasty : gateway)
    const effects = (misbehaviour.takesEffect ?? true) ? 1 : 0

    it(`${name}: ${expected.thrown} for a charge, which a look-up and a repetition settle`, async () => {
      provider.misbehave({ operation: 'charge', times: 1 }, misbehaviour)
      assert.deepEqual(await outcomeOf(asked().charge(charge), provider.apiKey), expected)
      assert.equal(provider.requests.length, 1)
      assert.equal(provider.ledger.effects, effects)
      const charged = { kind: 'charged', chargeId: 'ch_1' }
      assert.deepEqual(await gateway.findCharge(charge.key), effects === 1 ? charged : undefined)
      assert.deepEqual(await gateway.charge(charge), charged)
      assert.equal(provider.ledger.takenFor(charge.orderId), charge.amount)
    })

    it(`${name}: ${expected.thrown} for a refund, which a look-up and a repetition settle`, async () => {
      await gateway.charge(charge)
      provider.misbehave({ operation: 'refund', times: 1 }, misbehaviour)
      assert.deepEqual(await outcomeOf(asked().refund(refund), provider.apiKey), expected)
      assert.equal(provider.ledger.refunds.length, effects)
      assert.deepEqual(await gateway.findRefund(refund.key), effects === 1 ? { refundId: 're_1' } : undefined)
      assert.deepEqual(await gateway.refund(refund), { refundId: 're_1' })
      assert.equal(provider.ledger.givenBackFor(charge.orderId), charge.amount)
    })

    it(`${name}: ${expected.thrown} for a look-up, never "not found"`, async () => {
      await gateway.charge(charge)
      await gateway.refund(refund)
      provider.misbehave({ operation: 'findCharge' }, misbehaviour)
      provider.misbehave({ operation: 'findRefund' }, misbehaviour)
      assert.deepEqual(await outcomeOf(asked().findCharge(charge.key), provider.apiKey), expected)
      assert.deepEqual(await outcomeOf(asked().findRefund(refund.key), provider.apiKey), expected)
    })
  }

  it('reports a charge that takes effect after its connection completed as unknown until a look-up finds it', async () => {
    provider.misbehave({ operation: 'charge', times: 1 }, { effectAfterMs: 60_000, answer: 'cut' })
    assert.deepEqual(await outcomeOf(gateway.charge(charge), provider.apiKey), unknown)
    assert.equal(await gateway.findCharge(charge.key), undefined)
    assert.deepEqual(await outcomeOf(gateway.charge(charge), provider.apiKey), unknown)
    provider.settle()
    assert.deepEqual(await gateway.findCharge(charge.key), { kind: 'charged', chargeId: 'ch_1' })
    assert.equal(provider.ledger.effects, 1)
  })

  it('charges once although a look-up does not find the charge yet', async () => {
    provider.misbehave({ operation: 'charge', times: 1 }, { visibleAfterMs: 60_000, answer: 'cut' })
    assert.deepEqual(await outcomeOf(gateway.charge(charge), provider.apiKey), unknown)
    assert.equal(await gateway.findCharge(charge.key), undefined)
    assert.deepEqual(await gateway.charge(charge), { kind: 'charged', chargeId: 'ch_1' })
    assert.equal(provider.ledger.effects, 1)
  })

  for (const answer of ['hang', 'stall'] as const) {
    it(`waits no longer than its time limit for a response that is a ${answer}`, async () => {
      provider.misbehave({}, { answer })
      const before = performance.now()
      assert.deepEqual(await outcomeOf(hasty.charge(charge), provider.apiKey), unknown)
      const lasted = performance.now() - before
      assert(lasted > timeLimitMs * 0.9 && lasted < 5_000, `it lasted ${lasted} ms`)
    })
  }

  it('is unavailable with the wrong API key, and charges nothing', async () => {
    const apiKey = 'not-the-right-one'
    const stranger = createHttpGateway({ url: provider.url, apiKey, timeLimitMs: longTimeLimitMs })
    assert.deepEqual(await outcomeOf(stranger.charge(charge), apiKey), unavailable)
    assert.equal(provider.ledger.effects, 0)
  })

  it('is unavailable while the provider is down, and recovers after its restart', async () => {
    await gateway.charge(charge)
    await provider.stop()
    assert.deepEqual(await outcomeOf(gateway.findCharge(charge.key), provider.apiKey), unavailable)
    assert.deepEqual(await outcomeOf(gateway.charge(charge), provider.apiKey), unavailable)
    provider = await startProvider({ port: Number(new URL(provider.url).port), ledger: provider.ledger })
    assert.deepEqual(await gateway.charge(charge), { kind: 'charged', chargeId: 'ch_1' })
    assert.equal(provider.ledger.effects, 1)
  })
})
