import assert from 'node:assert/strict'
import { createLog, DependencyUnavailable } from '@order-saga/chassis'
import { EffectRunner } from '../../src/effects/effect-runner.ts'
import type { EffectResult } from '../../src/effects/record-results.ts'
import {
  type ChargeResult,
  GatewayUnavailable,
  OutcomeUnknown,
  type PaymentGateway,
} from '../../src/gateway/payment-gateway.ts'
import type { EffectIntent } from '../../src/reactions/advance-payment.ts'
import { LockedPayments } from '../../src/store/payments.ts'

const cause = { eventId: 'event', traceparent: undefined }
const order = {
  amount: '10.00',
  currency: 'EUR',
  customerEmail: 'customer@example.com',
  items: [],
  deadline: new Date(Date.now() + 60_000),
}

function intentOf(effect: 'charge' | 'refund', orderId = 'order', eventId = 'event'): EffectIntent {
  const payment = new LockedPayments([], () => 'payment', new Date()).of(orderId, 'saga')
  const chargeId = effect === 'refund' ? 'charge' : null
  return {
    effect,
    awaited: effect === 'charge',
    payment: { ...payment, order, chargeId },
    cause: { ...cause, eventId },
  }
}

interface Call<T> {
  readonly resolve: (answer: T) => void
  readonly reject: (error: Error) => void
}

/** Calls to the gateway that wait for their answer, and what was recorded. */
class Stage {
  readonly charges: Call<ChargeResult>[] = []
  readonly refunds: Call<{ refundId: string }>[] = []
  readonly recorded: EffectResult[] = []
  /** The effects that follow from the next recorded result. */
  following: EffectIntent[] = []
  recordingFails = false
  readonly runner: EffectRunner

  constructor(concurrency = 8) {
    const gateway: PaymentGateway = {
      timeLimitMs: 1_000,
      charge: () => waitIn(this.charges),
      refund: () => waitIn(this.refunds),
      findCharge: () => Promise.resolve(undefined),
      findRefund: () => Promise.resolve(undefined),
    }
    const record = (result: EffectResult): Promise<readonly EffectIntent[]> => {
      if (this.recordingFails) return Promise.reject(new DependencyUnavailable('database', 'test'))
      this.recorded.push(result)
      return Promise.resolve(this.following.splice(0))
    }
    this.runner = new EffectRunner({
      gateway,
      results: { record },
      concurrency,
      now: () => new Date(),
      log: createLog('payment', 'silent'),
      time: (_operation, _payment, call) => call(),
    })
  }
}

function waitIn<T>(calls: Call<T>[]): Promise<T> {
  return new Promise((resolve, reject) => calls.push({ resolve, reject }))
}

/** Lets everything happen that does not wait for the gateway. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

describe('The effect runner', () => {
  it('completes a charge when its result is recorded with its event, and does not wait for the following refund', async () => {
    const { runner, charges, refunds, recorded, following } = new Stage()
    const run = runner.run([intentOf('charge')])
    await settle()
    assert.deepEqual(recorded, [])
    following.push(intentOf('refund'))
    charges[0]?.resolve({ kind: 'charged', chargeId: 'ch' })
    await run
    const about = { orderId: 'order', sagaId: 'saga' }
    assert.deepEqual(recorded, [{ ...about, cause, input: { on: 'charge.succeeded' }, chargeId: 'ch' }])
    assert.equal(refunds.length, 1)
    refunds[0]?.resolve({ refundId: 're' })
    await runner.drain()
    assert.deepEqual(recorded[1], { ...about, input: { on: 'refund.succeeded' }, refundId: 're' })
  })

  it('charges an order once that is delivered twice, and claims the second event after the first', async () => {
    const { runner, charges, recorded } = new Stage()
    const runs = [runner.run([intentOf('charge')]), runner.run([intentOf('charge', 'order', 'again')])]
    await settle()
    assert.equal(charges.length, 1)
    charges[0]?.resolve({ kind: 'declined', detail: 'no' })
    await Promise.all(runs)
    assert.deepEqual(
      recorded.map(({ cause: event, input }) => [event?.eventId, input?.on]),
      [
        ['event', 'charge.declined'],
        ['again', undefined],
      ],
    )
  })

  it('records a charge with an unknown result as unknown, and nothing for one that was not sent', async () => {
    const { runner, charges, recorded } = new Stage()
    const unknown = runner.run([intentOf('charge')])
    const unsent = runner.run([intentOf('charge', 'other')])
    await settle()
    charges[0]?.reject(new OutcomeUnknown('time-out'))
    charges[1]?.reject(new GatewayUnavailable('refused'))
    await unknown
    await assert.rejects(unsent, DependencyUnavailable)
    assert.deepEqual(recorded, [{ orderId: 'order', sagaId: 'saga', cause, input: undefined }])
  })

  it('fails a charge whose result cannot be recorded, so that its message is retained', async () => {
    const stage = new Stage()
    const run = stage.runner.run([intentOf('charge')])
    await settle()
    stage.recordingFails = true
    stage.charges[0]?.resolve({ kind: 'charged', chargeId: 'ch' })
    await assert.rejects(run, DependencyUnavailable)
  })

  it('limits refunds in flight, records those that fail, and leaves the rest to the sweeper when it stops', async () => {
    const { runner, refunds, recorded } = new Stage(2)
    await runner.run(['a', 'b', 'c', 'd'].map((orderId) => intentOf('refund', orderId)))
    await settle()
    assert.equal(refunds.length, 2)
    refunds[0]?.reject(new OutcomeUnknown('time-out'))
    await settle()
    assert.equal(refunds.length, 3)
    const drained = runner.drain()
    await runner.run([intentOf('refund', 'e')])
    for (const { resolve } of refunds.slice(1)) resolve({ refundId: 're' })
    await drained
    assert.equal(refunds.length, 3)
    assert.deepEqual(
      recorded.map(({ orderId, input }) => `${orderId} ${input?.on ?? 'unknown'}`),
      ['a unknown', 'b refund.succeeded', 'c refund.succeeded', 'd unknown'],
    )
  })

  it('keeps 1,000 refunds in memory at most', async () => {
    const { runner, refunds } = new Stage(2_000)
    await runner.run(Array.from({ length: 1_001 }, (_, i) => intentOf('refund', `order ${i}`)))
    await settle()
    assert.equal(refunds.length, 1_000)
    for (const { resolve } of refunds) resolve({ refundId: 're' })
    await runner.drain()
  })
})
