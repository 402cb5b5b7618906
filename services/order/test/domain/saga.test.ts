import assert from 'node:assert/strict'
import { decide, type SagaInput, type SagaState } from '../../src/domain/saga.ts'

const states = {
  pending: { status: 'pending', reason: null, compensation: 'none' },
  paid: { status: 'payment_completed', reason: null, compensation: 'none' },
  refunding: { status: 'refunding', reason: null, compensation: 'refund_requested' },
  completed: { status: 'completed', reason: null, compensation: 'none' },
  unpaid: { status: 'cancelled', reason: 'payment_failed', compensation: 'none' },
  compensated: { status: 'cancelled', reason: 'compensation', compensation: 'refunded' },
  timeout: { status: 'timeout_cancelled', reason: 'timeout', compensation: 'none' },
  timeoutRefunding: { status: 'timeout_cancelled', reason: 'timeout', compensation: 'refund_requested' },
  timeoutRefunded: { status: 'timeout_cancelled', reason: 'timeout', compensation: 'refunded' },
} as const satisfies Record<string, SagaState>
type StateName = keyof typeof states

const inputs = {
  completed: { on: 'payment.completed' },
  declined: { on: 'payment.failed', reason: 'declined' },
  expired: { on: 'payment.failed', reason: 'expired' },
  refused: { on: 'payment.failed', reason: 'order_cancelled' },
  reserved: { on: 'inventory.reserved' },
  short: { on: 'inventory.failed' },
  refunded: { on: 'payment.refunded' },
  deadline: { on: 'deadline' },
  overdue: { on: 'overdue' },
} as const satisfies Record<string, SagaInput>
type InputName = keyof typeof inputs

const confirm = 'order.confirmed'
const cancel = 'order.cancelled'
const refund = 'payment.refund.requested'

/** Next state and published events per state and input. An input that is not listed is in `late` or a violation. */
const changes: Partial<Record<StateName, Partial<Record<InputName, readonly [StateName, ...string[]]>>>> = {
  pending: {
    completed: ['paid'],
    declined: ['unpaid', cancel],
    refused: ['unpaid', cancel],
    expired: ['timeout', cancel],
    reserved: ['completed', confirm],
    short: ['refunding', refund],
    deadline: ['timeout', cancel],
  },
  paid: {
    reserved: ['completed', confirm],
    short: ['refunding', refund],
    deadline: ['timeoutRefunding', cancel, refund],
  },
  refunding: { refunded: ['compensated', cancel], overdue: ['refunding', refund] },
  timeout: {
    completed: ['timeoutRefunding', refund],
    reserved: ['timeoutRefunding', refund],
    short: ['timeoutRefunding', refund],
  },
  timeoutRefunding: { refunded: ['timeoutRefunded'], overdue: ['timeoutRefunding', refund] },
}

const late: Record<StateName, readonly InputName[]> = {
  pending: ['overdue'],
  paid: ['completed', 'overdue'],
  refunding: ['completed', 'short', 'deadline'],
  completed: ['completed', 'reserved', 'deadline', 'overdue'],
  unpaid: ['declined', 'expired', 'refused', 'deadline', 'overdue'],
  compensated: ['completed', 'short', 'refunded', 'deadline', 'overdue'],
  timeout: ['declined', 'expired', 'refused', 'deadline', 'overdue'],
  timeoutRefunding: ['completed', 'reserved', 'short', 'declined', 'expired', 'refused', 'deadline'],
  timeoutRefunded: [
    'completed',
    'reserved',
    'short',
    'refunded',
    'declined',
    'expired',
    'refused',
    'deadline',
    'overdue',
  ],
}

describe('the order saga', () => {
  for (const [stateName, state] of Object.entries(states) as [StateName, SagaState][]) {
    for (const [inputName, input] of Object.entries(inputs) as [InputName, SagaInput][]) {
      const change = changes[stateName]?.[inputName]
      const lateHere = late[stateName].includes(inputName)
      const outcome =
        change === undefined ? (lateHere ? 'ignores as late' : 'ignores as violation') : `becomes ${change.join(', ')}`
      it(`${stateName} on ${inputName} ${outcome}`, () => {
        if (change === undefined) {
          assert.deepEqual(decide(state, input), { kind: 'ignored', because: lateHere ? 'late' : 'violation' })
          return
        }
        const [next, ...publish] = change
        assert.deepEqual(decide(state, input), { kind: 'decided', state: states[next], publish, effects: [] })
      })
    }
  }

  it('never leaves a final state for another status', () => {
    const final: readonly StateName[] = [
      'completed',
      'unpaid',
      'compensated',
      'timeout',
      'timeoutRefunding',
      'timeoutRefunded',
    ]
    for (const name of final) {
      for (const input of Object.values(inputs)) {
        const decision = decide(states[name], input)
        if (decision.kind === 'decided') assert.equal(decision.state.status, states[name].status)
      }
    }
  })
})
