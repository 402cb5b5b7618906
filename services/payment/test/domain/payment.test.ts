import assert from 'node:assert/strict'
import { decide, type PaymentInput, type PaymentState, unknownPayment } from '../../src/domain/payment.ts'

const seen: PaymentState = { ...unknownPayment, orderSeen: true }
const states = {
  none: unknownPayment,
  charging: { ...seen, status: 'charging' },
  chargingCancelled: { ...seen, status: 'charging', cancelSeen: true },
  chargingRefundWanted: { ...seen, status: 'charging', refundWanted: true },
  chargingBoth: { ...seen, status: 'charging', cancelSeen: true, refundWanted: true },
  charged: { ...seen, status: 'charged' },
  declined: { ...seen, status: 'declined', reason: 'declined' },
  tombstone: { ...unknownPayment, status: 'cancelled', reason: 'order_cancelled' },
  cancelled: { ...seen, status: 'cancelled', reason: 'order_cancelled' },
  expired: { ...seen, status: 'cancelled', reason: 'expired' },
  refunding: { ...seen, status: 'refunding' },
  refunded: { ...seen, status: 'refunded' },
} as const satisfies Record<string, PaymentState>
type StateName = keyof typeof states

const inputs = {
  created: { on: 'order.created', expired: false },
  createdLate: { on: 'order.created', expired: true },
  orderCancelled: { on: 'order.cancelled' },
  refundAsked: { on: 'payment.refund.requested' },
  chargedNow: { on: 'charge.succeeded' },
  declinedNow: { on: 'charge.declined' },
  absent: { on: 'charge.absent' },
  refundedNow: { on: 'refund.succeeded' },
} as const satisfies Record<string, PaymentInput>
type InputName = keyof typeof inputs

const completed = 'payment.completed'
const failed = 'payment.failed'
const refunded = 'payment.refunded'

/** Status after, with `!charge` or `!refund` for the effect and the events published. Not listed: nothing happens. */
const table: Record<StateName, Partial<Record<InputName, string>>> = {
  none: {
    created: 'charging !charge',
    createdLate: `cancelled ${failed}`,
    orderCancelled: 'cancelled',
    refundAsked: `cancelled ${refunded}`,
    chargedNow: 'refunding !refund',
  },
  charging: {
    created: 'charging !charge',
    orderCancelled: 'charging',
    refundAsked: 'charging',
    chargedNow: `charged ${completed}`,
    declinedNow: `declined ${failed}`,
    absent: `cancelled ${failed}`,
  },
  chargingCancelled: {
    refundAsked: 'charging',
    chargedNow: `charged ${completed}`,
    declinedNow: `declined ${failed}`,
    absent: `cancelled ${failed}`,
  },
  chargingRefundWanted: {
    created: 'charging !charge',
    orderCancelled: 'charging',
    chargedNow: 'refunding !refund',
    declinedNow: `declined ${failed} ${refunded}`,
    absent: `cancelled ${failed} ${refunded}`,
  },
  chargingBoth: {
    chargedNow: 'refunding !refund',
    declinedNow: `declined ${failed} ${refunded}`,
    absent: `cancelled ${failed} ${refunded}`,
  },
  charged: { refundAsked: 'refunding !refund' },
  declined: { refundAsked: `declined ${refunded}`, chargedNow: 'refunding !refund' },
  tombstone: {
    created: `cancelled ${failed}`,
    createdLate: `cancelled ${failed}`,
    refundAsked: `cancelled ${refunded}`,
    chargedNow: 'refunding !refund',
  },
  cancelled: { refundAsked: `cancelled ${refunded}`, chargedNow: 'refunding !refund' },
  expired: { refundAsked: `cancelled ${refunded}`, chargedNow: 'refunding !refund' },
  refunding: { refundedNow: `refunded ${refunded}` },
  refunded: { refundAsked: `refunded ${refunded}` },
}

describe('a payment', () => {
  for (const [stateName, state] of Object.entries(states) as [StateName, PaymentState][]) {
    for (const [inputName, input] of Object.entries(inputs) as [InputName, PaymentInput][]) {
      const expected = table[stateName][inputName] ?? state.status
      it(`${stateName} on ${inputName}: ${expected}`, () => {
        const { state: next, publish, effect } = decide(state, input)
        assert.equal([next.status, ...(effect === undefined ? [] : [`!${effect}`]), ...publish].join(' '), expected)
      })
    }
  }

  it('starts no charge at or after the deadline, nor once the cancellation was seen', () => {
    for (const [name, state] of Object.entries(states)) {
      assert.notEqual(decide(state, inputs.createdLate).effect, 'charge', name)
      const afterCancel = decide(state, inputs.orderCancelled).state
      assert.notEqual(decide(afterCancel, inputs.created).effect, 'charge', name)
    }
  })

  it('remembers a refund that is asked for while the charge is under way', () => {
    const wanted = decide(states.charging, inputs.refundAsked).state
    assert.equal(decide(wanted, inputs.chargedNow).effect, 'refund')
  })

  it('says why nothing was charged', () => {
    assert.equal(decide(states.none, inputs.createdLate).state.reason, 'expired')
    assert.equal(decide(states.tombstone, inputs.created).state.reason, 'order_cancelled')
    assert.equal(decide(states.charging, inputs.absent).state.reason, 'expired')
    assert.equal(decide(states.chargingCancelled, inputs.absent).state.reason, 'order_cancelled')
    assert.equal(decide(states.charging, inputs.declinedNow).state.reason, 'declined')
  })
})
