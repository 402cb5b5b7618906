import assert from 'node:assert/strict'
import { type PaymentState, unknownPayment } from '../../src/domain/payment.ts'
import { decideUnseenCharge, isExpired } from '../../src/domain/unseen-charge.ts'

const deadline = new Date('2026-01-01T00:01:30Z')
const afterDeadline = (ms: number): Date => new Date(deadline.getTime() + ms)
const window = { timeLimitMs: 10_000, settleMs: 5_000 }
const charging: PaymentState = { ...unknownPayment, status: 'charging', orderSeen: true }

describe('A charge that the provider does not have', () => {
  const decideAt = (ms: number, more: Partial<PaymentState> = {}, mayRepeat = true): string =>
    decideUnseenCharge({ state: { ...charging, ...more }, deadline, mayRepeat }, afterDeadline(ms), window)

  it('is requested again until the deadline, while its key is known', () => {
    assert.equal(decideAt(-1), 'charge')
    assert.equal(decideAt(-1, {}, false), 'wait')
    assert.equal(decideAt(0), 'wait')
  })

  it('is not requested again once the order was cancelled or a refund was requested', () => {
    assert.equal(decideAt(-1, { cancelSeen: true }), 'wait')
    assert.equal(decideAt(-1, { refundWanted: true }), 'wait')
  })

  it('is settled as not made once a request sent at the deadline must have ended, after any number of look-ups', () => {
    assert.equal(decideAt(14_999), 'wait')
    assert.equal(decideAt(15_000), 'absent')
    assert.equal(decideAt(15_000, { cancelSeen: true }), 'absent')
  })

  it('starts at no moment at or after the deadline', () => {
    assert.deepEqual(
      [-1, 0, 1].map((ms) => isExpired(deadline, afterDeadline(ms))),
      [false, true, true],
    )
  })
})
