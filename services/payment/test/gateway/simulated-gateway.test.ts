import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Charge, OutcomeUnknown } from '../../src/gateway/payment-gateway.ts'
import { createSimulatedGateway } from '../../src/gateway/simulated-gateway.ts'
import { someCharge, someRefund } from './some-charge.ts'

const startedAt = new Date('2026-01-01T00:00:00Z')

/** A gateway whose delays are over at once, and a list of how long they were. */
function quickGateway(failureRate = 0, processingMs = 0) {
  const delays: number[] = []
  const delay = async (ms: number) => void delays.push(ms)
  return { delays, gateway: createSimulatedGateway({ failureRate, processingMs, now: () => startedAt, delay }) }
}

async function declinedOf(failureRate: number, orders: number): Promise<string[]> {
  const { gateway } = quickGateway(failureRate)
  const ids = Array.from({ length: orders }, (_, number) => `order-${number}`)
  const results = await Promise.all(ids.map((id) => gateway.charge(someCharge(id))))
  return ids.filter((_, number) => results[number]?.kind === 'declined')
}

describe('The simulated gateway', () => {
  it('gives the same answer and charge id in every process', async () => {
    const first = await quickGateway(0.3).gateway.charge(someCharge('order-1'))
    assert.deepEqual(first, { kind: 'charged', chargeId: 'sim_ch_51752d08a7586c7616b29209' })
    assert.deepEqual(await quickGateway(0.3).gateway.charge(someCharge('order-1')), first)
    const other = await quickGateway(0.3).gateway.charge(someCharge('order-2'))
    assert.notDeepEqual(other, first)
  })

  it('declines the given share of the orders, the same ones each time', async () => {
    const declined = await declinedOf(0.3, 4_000)
    assert(Math.abs(declined.length / 4_000 - 0.3) < 0.03, `${declined.length} of 4000`)
    assert.deepEqual(await declinedOf(0.3, 4_000), declined)
    const more = new Set(await declinedOf(0.5, 4_000))
    assert(declined.every((id) => more.has(id)))
  })

  it('declines none at rate 0 and all at rate 1', async () => {
    assert.equal((await declinedOf(0, 500)).length, 0)
    assert.equal((await declinedOf(1, 500)).length, 500)
  })

  it('answers after the processing time', async () => {
    const { gateway, delays } = quickGateway(1, 700)
    await gateway.charge(someCharge('order-1'))
    assert.deepEqual(delays, [700])
  })

  const slow = { customerEmail: 'slow@shop.example' }
  const triggers: [string, number, Partial<Charge>, string, number][] = [
    ['decline@ declines at rate 0', 0, { customerEmail: 'decline@shop.example' }, 'declined', 700],
    ['only the whole local part counts', 0, { customerEmail: 'decliner@shop.example' }, 'charged', 700],
    ['slow@ is charged 2 s after the deadline, even at rate 1', 1, slow, 'charged', 92_000],
    ['slow@ takes no less than the processing time', 0, { ...slow, deadline: startedAt }, 'charged', 2_000],
    ['slow@ after its deadline', 0, { ...slow, deadline: new Date(0) }, 'charged', 700],
    ['slow@ takes no more than its limit', 0, { ...slow, deadline: new Date('2026-02-01') }, 'charged', 100_000],
  ]
  for (const [name, rate, rest, kind, ms] of triggers) {
    it(`${name}: ${kind} after ${ms} ms`, async () => {
      const { gateway, delays } = quickGateway(rate, 700)
      assert.equal((await gateway.charge(someCharge('order-1', rest))).kind, kind)
      assert.deepEqual(delays, [ms])
      assert(gateway.timeLimitMs > ms)
    })
  }

  it('has a time limit longer than its processing time', () => {
    assert(quickGateway(0, 120_000).gateway.timeLimitMs > 120_000)
  })

  it('finds a charge once it has finished, and answers its repetition at once', async () => {
    const finish: (() => void)[] = []
    const delay = () => new Promise<void>((resolve) => finish.push(resolve))
    const gateway = createSimulatedGateway({ failureRate: 0, processingMs: 5, now: () => startedAt, delay })
    const charge = someCharge('order-1')
    const charging = gateway.charge(charge)
    assert.equal(await gateway.findCharge(charge.key), undefined)
    finish[0]?.()
    const charged = await charging
    assert.deepEqual(await gateway.findCharge(charge.key), charged)
    assert.deepEqual(await gateway.charge(charge), charged)
    assert.equal(finish.length, 1)
  })

  it('refunds at once at any failure rate, with an id that follows from the key', async () => {
    const { gateway, delays } = quickGateway(1, 700)
    const refund = someRefund(someCharge('order-1'), 'ch_1')
    assert.equal(await gateway.findRefund(refund.key), undefined)
    const refunded = await gateway.refund(refund)
    assert.match(refunded.refundId, /^sim_re_[0-9a-f]{24}$/)
    assert.deepEqual(await gateway.refund(refund), refunded)
    assert.deepEqual(await gateway.findRefund(refund.key), refunded)
    assert.deepEqual(await quickGateway().gateway.refund(refund), refunded)
    assert.deepEqual(delays, [])
  })

  it('evicts the oldest charges above its limit, and would repeat them identically', async () => {
    const { gateway } = quickGateway()
    const first = await gateway.charge(someCharge('order-1'))
    for (let number = 2; number <= 10_001; number += 1) await gateway.charge(someCharge(`order-${number}`))
    assert.equal(await gateway.findCharge('charge:order-1'), undefined)
    assert.notEqual(await gateway.findCharge('charge:order-2'), undefined)
    assert.deepEqual(await gateway.charge(someCharge('order-1')), first)
  })

  it('ends charges in flight when it closes, with an unknown outcome', async () => {
    const gateway = createSimulatedGateway({ failureRate: 0, processingMs: 120_000, now: () => startedAt })
    const charging = gateway.charge(someCharge('order-1'))
    gateway.close()
    await assert.rejects(charging, OutcomeUnknown)
    await assert.rejects(gateway.charge(someCharge('order-2')), OutcomeUnknown)
    assert.equal(await gateway.findCharge('charge:order-1'), undefined)
  })

  it('does not keep an otherwise idle process running', async () => {
    const source = new URL('../../src/gateway/simulated-gateway.ts', import.meta.url).href
    const program = `
      import { createSimulatedGateway } from '${source}'
      const options = { failureRate: 0, processingMs: 120_000, now: () => new Date() }
      createSimulatedGateway(options).charge(${JSON.stringify(someCharge('order-1'))})`
    const flags = ['--conditions=source', '--import', 'tsx', '--input-type=module', '--eval', program]
    await promisify(execFile)(process.execPath, flags, { timeout: 30_000 })
  }).timeout(30_000)

  it('waits on the system clock by default', async () => {
    const gateway = createSimulatedGateway({ failureRate: 0, processingMs: 30, now: () => startedAt })
    const before = performance.now()
    await gateway.charge(someCharge('order-1'))
    assert(performance.now() - before > 25)
  })
})
