import assert from 'node:assert/strict'
import {
  decide,
  type PaymentEffect,
  type PaymentInput,
  type PaymentState,
  unknownPayment,
} from '../../src/domain/payment.ts'

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
  refundRequested: { on: 'payment.refund.requested' },
  chargedNow: { on: 'charge.succeeded' },
  declinedNow: { on: 'charge.declined' },
  absent: { on: 'charge.absent' },
  refundedNow: { on: 'refund.succeeded' },
} as const satisfies Record<string, PaymentInput>
type InputName = keyof typeof inputs

const completed = 'payment.completed'
const failed = 'payment.failed'
const refunded = 'payment.refunded'

/** Status after, with `!charge` or `!refund` for the effect, and the events published. Not listed: late. */
const table: Record<StateName, Partial<Record<InputName, string>>> = {
  none: {
    created: 'charging !charge',
    createdLate: `cancelled ${failed}`,
    orderCancelled: 'cancelled',
    refundRequested: `cancelled ${refunded}`,
    chargedNow: 'refunding !refund',
  },
  charging: {
    created: 'charging !charge',
    orderCancelled: 'charging',
    refundRequested: 'charging',
    chargedNow: `charged ${completed}`,
    declinedNow: `declined ${failed}`,
    absent: `cancelled ${failed}`,
  },
  chargingCancelled: {
    refundRequested: 'charging',
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
  charged: { refundRequested: 'refunding !refund' },
  declined: { refundRequested: `declined ${refunded}`, chargedNow: 'refunding !refund' },
  tombstone: {
    created: `cancelled ${failed}`,
    createdLate: `cancelled ${failed}`,
    refundRequested: `cancelled ${refunded}`,
    chargedNow: 'refunding !refund',
  },
  cancelled: { refundRequested: `cancelled ${refunded}`, chargedNow: 'refunding !refund' },
  expired: { refundRequested: `cancelled ${refunded}`, chargedNow: 'refunding !refund' },
  refunding: { refundedNow: `refunded ${refunded}` },
  refunded: { refundRequested: `refunded ${refunded}` },
}

/** The state after the input: the same one when it is late. */
function after(state: PaymentState, input: PaymentInput): PaymentState {
  const decision = decide(state, input)
  return decision.kind === 'decided' ? decision.state : state
}

function effectsOf(state: PaymentState, input: PaymentInput): readonly PaymentEffect[] {
  const decision = decide(state, input)
  return decision.kind === 'decided' ? decision.effects : []
}

describe('a payment', () => {
  for (const [stateName, state] of Object.entries(states) as [StateName, PaymentState][]) {
    for (const [inputName, input] of Object.entries(inputs) as [InputName, PaymentInput][]) {
      const expected = table[stateName][inputName] ?? 'late'
      it(`${stateName} on ${inputName}: ${expected}`, () => {
        const decision = decide(state, input)
        const found =
          decision.kind === 'ignored'
            ? decision.because
            : [decision.state.status, ...decision.effects.map((effect) => `!${effect}`), ...decision.publish].join(' ')
        assert.equal(found, expected)
      })
    }
  }

  it('starts no charge at or after the deadline, nor once the cancellation was seen', () => {
    for (const [name, state] of Object.entries(states)) {
      assert.deepEqual(effectsOf(state, inputs.createdLate), [], name)
      assert.deepEqual(effectsOf(after(state, inputs.orderCancelled), inputs.created), [], name)
    }
  })

  it('remembers a refund that is requested while the charge is in flight', () => {
    assert.deepEqual(effectsOf(after(states.charging, inputs.refundRequested), inputs.chargedNow), ['refund'])
  })

  it('has an effect with every intent', () => {
    for (const [name, state] of Object.entries(states)) {
      for (const input of Object.values(inputs)) {
        const { status } = after(state, input)
        if (status === state.status || (status !== 'charging' && status !== 'refunding')) continue
        assert.deepEqual(effectsOf(state, input), [status === 'charging' ? 'charge' : 'refund'], name)
      }
    }
  })

  it('says why nothing was charged', () => {
    assert.equal(after(states.none, inputs.createdLate).reason, 'expired')
    assert.equal(after(states.tombstone, inputs.created).reason, 'order_cancelled')
    assert.equal(after(states.charging, inputs.absent).reason, 'expired')
    assert.equal(after(states.chargingCancelled, inputs.absent).reason, 'order_cancelled')
    assert.equal(after(states.charging, inputs.declinedNow).reason, 'declined')
  })
})
