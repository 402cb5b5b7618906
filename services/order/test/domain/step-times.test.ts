import assert from 'node:assert/strict'
import { type HistoryLine, stepTimes } from '../../src/domain/step-times.ts'

const start = Date.UTC(2026, 0, 2)
const line = (ms: number, event: string, direction: HistoryLine['direction'] = 'seen'): HistoryLine => ({
  at: new Date(start + ms).toISOString(),
  event,
  direction,
})

describe('stepTimes', () => {
  it('gives the median and the 95th percentile of each step', () => {
    const histories = Array.from({ length: 100 }, (_, i) => [
      line(0, 'order.created', 'published'),
      line(i + 1, 'payment.completed'),
      line(i + 1 + 10 * (i + 1), 'inventory.failed'),
      line(2_000, 'payment.refund.requested', 'published'),
      line(3_000, 'payment.refund.requested', 'published'),
      line(5_000, 'payment.refunded'),
      line(5_500, 'payment.refunded'),
    ])
    assert.deepEqual(stepTimes(histories), {
      payment: { p50Ms: 50, p95Ms: 95, sagas: 100 },
      stock: { p50Ms: 500, p95Ms: 950, sagas: 100 },
      refund: { p50Ms: 3_000, p95Ms: 3_000, sagas: 100 },
    })
  })

  it('counts a declined payment as a response, and omits steps that were not taken', () => {
    const declined = [line(0, 'order.created', 'published'), line(40, 'payment.failed')]
    assert.deepEqual(stepTimes(Array.from({ length: 5 }, () => declined)), {
      payment: { p50Ms: 40, p95Ms: 40, sagas: 5 },
    })
  })

  it('omits a step that fewer than five sagas have taken', () => {
    const paid = [line(0, 'order.created', 'published'), line(40, 'payment.completed')]
    assert.deepEqual(stepTimes([paid, paid, paid, paid]), {})
    assert.deepEqual(stepTimes([]), {})
  })

  it('omits a saga whose events came in another order', () => {
    const overtaken = [line(90, 'payment.completed'), line(50, 'inventory.reserved')]
    assert.deepEqual(stepTimes(Array.from({ length: 9 }, () => overtaken)), {})
  })
})
