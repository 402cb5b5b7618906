import assert from 'node:assert/strict'
import {
  decide,
  type PaymentEffect,
  type PaymentInput,
  type PaymentOutput,
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

/** The next state, and what follows from it: the effect to start and the events to publish. Not listed: late. */
type Change = readonly [PaymentState, ...(`!${PaymentEffect}` | PaymentOutput)[]]

const { charging, charged, declined, tombstone, cancelled, expired, refunding } = states
const cancelSeen = { cancelSeen: true }
const refundWanted = { refundWanted: true }
const both = { ...cancelSeen, ...refundWanted }

const table: Record<StateName, Partial<Record<InputName, Change>>> = {
  none: {
    created: [charging, '!charge'],
    createdLate: [expired, failed],
    orderCancelled: [tombstone],
    refundRequested: [tombstone, refunded],
    chargedNow: [refunding, '!refund'],
  },
  charging: {
    created: [charging, '!charge'],
    orderCancelled: [states.chargingCancelled],
    refundRequested: [states.chargingRefundWanted],
    chargedNow: [charged, completed],
    declinedNow: [declined, failed],
    absent: [expired, failed],
  },
  chargingCancelled: {
    refundRequested: [states.chargingBoth],
    chargedNow: [{ ...charged, ...cancelSeen }, completed],
    declinedNow: [{ ...declined, ...cancelSeen }, failed],
    absent: [{ ...cancelled, ...cancelSeen }, failed],
  },
  chargingRefundWanted: {
    created: [states.chargingRefundWanted, '!charge'],
    orderCancelled: [states.chargingBoth],
    chargedNow: [{ ...refunding, ...refundWanted }, '!refund'],
    declinedNow: [{ ...declined, ...refundWanted }, failed, refunded],
    absent: [{ ...expired, ...refundWanted }, failed, refunded],
  },
  chargingBoth: {
    chargedNow: [{ ...refunding, ...both }, '!refund'],
    declinedNow: [{ ...declined, ...both }, failed, refunded],
    absent: [{ ...cancelled, ...both }, failed, refunded],
  },
  charged: { refundRequested: [refunding, '!refund'] },
  declined: {
    refundRequested: [declined, refunded],
    chargedNow: [{ ...refunding, reason: 'declined' }, '!refund'],
  },
  tombstone: {
    created: [cancelled, failed],
    createdLate: [cancelled, failed],
    refundRequested: [tombstone, refunded],
    chargedNow: [{ ...refunding, reason: 'order_cancelled' }, '!refund'],
  },
  cancelled: {
    refundRequested: [cancelled, refunded],
    chargedNow: [{ ...refunding, reason: 'order_cancelled' }, '!refund'],
  },
  expired: {
    refundRequested: [expired, refunded],
    chargedNow: [{ ...refunding, reason: 'expired' }, '!refund'],
  },
  refunding: { refundedNow: [states.refunded, refunded] },
  refunded: { refundRequested: [states.refunded, refunded] },
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
      const change = table[stateName][inputName]
      const [next, ...follow] = change ?? []
      it(`${stateName} on ${inputName}: ${[next?.status ?? 'late', ...follow].join(' ')}`, () => {
        const decision = decide(state, input)
        if (next === undefined) {
          assert.deepEqual(decision, { kind: 'ignored', because: 'late' })
          return
        }
        assert(decision.kind === 'decided')
        assert.deepEqual(decision.state, next)
        assert.deepEqual([...decision.effects.map((effect) => `!${effect}`), ...decision.publish], follow)
      })
    }
  }

  it('starts no charge at or after the deadline, nor once the cancellation was seen', () => {
    for (const [name, state] of Object.entries(states)) {
      assert.deepEqual(effectsOf(state, inputs.createdLate), [], name)
      assert.deepEqual(effectsOf(after(state, inputs.orderCancelled), inputs.created), [], name)
    }
  })

  it('records a refund that is requested while the charge is in flight', () => {
    assert.deepEqual(effectsOf(after(states.charging, inputs.refundRequested), inputs.chargedNow), ['refund'])
  })

  it('returns an effect with every intent', () => {
    for (const [name, state] of Object.entries(states)) {
      for (const input of Object.values(inputs)) {
        const { status } = after(state, input)
        if (status === state.status || (status !== 'charging' && status !== 'refunding')) continue
        assert.deepEqual(effectsOf(state, input), [status === 'charging' ? 'charge' : 'refund'], name)
      }
    }
  })

  it('reports why nothing was charged', () => {
    assert.equal(after(states.none, inputs.createdLate).reason, 'expired')
    assert.equal(after(states.tombstone, inputs.created).reason, 'order_cancelled')
    assert.equal(after(states.charging, inputs.absent).reason, 'expired')
    assert.equal(after(states.chargingCancelled, inputs.absent).reason, 'order_cancelled')
    assert.equal(after(states.charging, inputs.declinedNow).reason, 'declined')
  })
})
