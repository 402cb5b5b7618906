import assert from 'node:assert/strict'
import {
  type Compensation,
  decide,
  isFinal,
  isViolation,
  newSaga,
  type SagaInput,
  type SagaReason,
  type SagaState,
  type SagaStatus,
} from '../../src/domain/saga.ts'

const positions: readonly [SagaStatus, SagaReason | null, Compensation][] = [
  ['pending', null, 'none'],
  ['payment_completed', null, 'none'],
  ['refunding', null, 'refund_requested'],
  ['completed', null, 'none'],
  ['cancelled', 'payment_failed', 'none'],
  ['cancelled', 'compensation', 'refunded'],
  ['timeout_cancelled', 'timeout', 'none'],
  ['timeout_cancelled', 'timeout', 'refund_requested'],
  ['timeout_cancelled', 'timeout', 'refunded'],
]
const either = [false, true] as const
const states: readonly SagaState[] = positions.flatMap(([status, reason, compensation]) =>
  either.flatMap((reservationSeen) =>
    either.map((mismatch) => ({ status, reason, compensation, reservationSeen, mismatch })),
  ),
)

const inputs: readonly SagaInput[] = [
  ...either.flatMap((matches) =>
    (['payment.completed', 'inventory.reserved', 'payment.refunded'] as const).map((on) => ({ on, matches })),
  ),
  ...(['declined', 'expired', 'order_cancelled', 'a_newer_reason'] as const).map(
    (reason) => ({ on: 'payment.failed', reason }) as const,
  ),
  { on: 'inventory.failed' },
  { on: 'deadline' },
  { on: 'overdue' },
]

interface Row {
  readonly statuses: readonly SagaStatus[]
  readonly when?: (saga: SagaState) => boolean
  readonly on: readonly SagaInput['on'][]
  readonly input?: (input: SagaInput) => boolean
  readonly becomes: Partial<SagaState>
  readonly publishes: readonly string[]
}

const confirmed = 'order.confirmed'
const cancelled = 'order.cancelled'
const refund = 'payment.refund.requested'
const timedOut = { status: 'timeout_cancelled', reason: 'timeout' } as const

const matching = (input: SagaInput): boolean => 'matches' in input && input.matches
const different = (input: SagaInput): boolean => 'matches' in input && !input.matches
const isExpired = (input: SagaInput): boolean => 'reason' in input && input.reason === 'expired'
const overtaken = ({ reservationSeen }: SagaState): boolean => reservationSeen
const inOrder = ({ reservationSeen }: SagaState): boolean => !reservationSeen
const compensation =
  (expected: Compensation) =>
  (saga: SagaState): boolean =>
    saga.compensation === expected

/** The table of docs/architecture.md; every other combination changes nothing. No two rows are for one combination. */
const table: readonly Row[] = [
  {
    statuses: ['pending'],
    when: inOrder,
    on: ['payment.completed'],
    input: matching,
    becomes: { status: 'payment_completed' },
    publishes: [],
  },
  {
    statuses: ['pending'],
    when: overtaken,
    on: ['payment.completed'],
    input: matching,
    becomes: { status: 'completed' },
    publishes: [confirmed],
  },
  {
    statuses: ['pending'],
    when: inOrder,
    on: ['payment.failed'],
    input: (input) => !isExpired(input),
    becomes: { status: 'cancelled', reason: 'payment_failed' },
    publishes: [cancelled],
  },
  {
    statuses: ['pending'],
    when: inOrder,
    on: ['payment.failed'],
    input: isExpired,
    becomes: timedOut,
    publishes: [cancelled],
  },
  {
    statuses: ['pending'],
    when: inOrder,
    on: ['inventory.reserved'],
    input: matching,
    becomes: { reservationSeen: true },
    publishes: [],
  },
  {
    statuses: ['payment_completed'],
    on: ['inventory.reserved'],
    input: matching,
    becomes: { status: 'completed' },
    publishes: [confirmed],
  },
  {
    statuses: ['pending', 'payment_completed'],
    on: ['inventory.failed'],
    becomes: { status: 'refunding', compensation: 'refund_requested' },
    publishes: [refund],
  },
  {
    statuses: ['pending'],
    when: (saga) => !saga.reservationSeen && !saga.mismatch,
    on: ['deadline'],
    becomes: timedOut,
    publishes: [cancelled],
  },
  {
    statuses: ['pending'],
    when: (saga) => saga.reservationSeen || saga.mismatch,
    on: ['deadline'],
    becomes: { ...timedOut, compensation: 'refund_requested' },
    publishes: [cancelled, refund],
  },
  {
    statuses: ['payment_completed'],
    when: inOrder,
    on: ['deadline'],
    becomes: { ...timedOut, compensation: 'refund_requested' },
    publishes: [cancelled, refund],
  },
  {
    // Left by an older release: each deadline check completes it.
    statuses: ['payment_completed'],
    when: overtaken,
    on: ['deadline'],
    becomes: { status: 'completed' },
    publishes: [confirmed],
  },
  {
    statuses: ['refunding'],
    on: ['payment.refunded'],
    input: matching,
    becomes: { status: 'cancelled', reason: 'compensation', compensation: 'refunded' },
    publishes: [cancelled],
  },
  {
    statuses: ['refunding', 'timeout_cancelled'],
    when: compensation('refund_requested'),
    on: ['overdue'],
    becomes: {},
    publishes: [refund],
  },
  {
    statuses: ['timeout_cancelled'],
    when: compensation('none'),
    on: ['payment.completed', 'inventory.reserved', 'inventory.failed'],
    becomes: { compensation: 'refund_requested' },
    publishes: [refund],
  },
  {
    statuses: ['timeout_cancelled'],
    when: compensation('refund_requested'),
    on: ['payment.refunded'],
    input: matching,
    becomes: { compensation: 'refunded' },
    publishes: [],
  },
  {
    statuses: ['pending', 'payment_completed'],
    on: ['payment.completed', 'inventory.reserved'],
    input: different,
    becomes: { mismatch: true },
    publishes: [],
  },
]

/** Repetitions, and events that another one has overtaken, by what the saga is; the rest are violations. */
function isLate({ status, reason, compensation: money, reservationSeen }: SagaState, input: SagaInput): boolean {
  if (different(input)) return false
  const { on } = input
  if (on === 'deadline' || on === 'overdue') return true
  switch (status) {
    case 'pending':
      return on === 'inventory.reserved' && reservationSeen
    case 'payment_completed':
      return on === 'payment.completed'
    case 'refunding':
      return on === 'payment.completed' || on === 'inventory.failed'
    case 'completed':
      return on === 'payment.completed' || on === 'inventory.reserved'
    case 'cancelled':
      return reason === 'payment_failed'
        ? on === 'payment.failed'
        : on === 'payment.completed' || on === 'inventory.failed' || on === 'payment.refunded'
    case 'timeout_cancelled':
      return on !== 'payment.refunded' || money === 'refunded'
  }
}

const rowsFor = (saga: SagaState, input: SagaInput): Row[] =>
  table.filter(
    ({ statuses, when, on, input: accepts }) =>
      statuses.includes(saga.status) &&
      on.includes(input.on) &&
      (when === undefined || when(saga)) &&
      (accepts === undefined || accepts(input)),
  )

const nameOf = ({ status, reason, compensation: money, reservationSeen, mismatch }: SagaState): string =>
  [status, reason, money !== 'none' && money, reservationSeen && 'reservation seen', mismatch && 'mismatch']
    .filter((part) => typeof part === 'string')
    .join(', ')
const inputName = (input: SagaInput): string =>
  'matches' in input
    ? `${input.matches ? 'matching' : 'different'} ${input.on}`
    : 'reason' in input
      ? `${input.on} (${input.reason})`
      : input.on

describe('the order saga', () => {
  for (const saga of states) {
    for (const input of inputs) {
      const [row, ...others] = rowsFor(saga, input)
      const ignored = isLate(saga, input) ? 'late' : 'violation'
      const outcome =
        row === undefined
          ? `ignores it as ${ignored}`
          : `becomes ${nameOf({ ...saga, ...row.becomes })}${row.publishes.map((event) => `, ${event}`).join('')}`
      it(`${nameOf(saga)} on ${inputName(input)} ${outcome}`, () => {
        assert.deepEqual(others, [], 'the table has two rows for this')
        const decision = decide(saga, input)
        assert.deepEqual(
          decision,
          row === undefined
            ? { kind: 'ignored', because: ignored }
            : { kind: 'decided', state: { ...saga, ...row.becomes }, publish: row.publishes, effects: [] },
        )
        const breaksProtocol = different(input) || (row === undefined && ignored === 'violation')
        assert.equal(isViolation(input, decision), breaksProtocol)
      })
    }
  }

  it('never leaves a final state for another status', () => {
    for (const saga of states.filter(({ status }) => isFinal(status))) {
      for (const input of inputs) {
        const decision = decide(saga, input)
        if (decision.kind === 'decided') assert.equal(decision.state.status, saga.status)
      }
    }
  })

  it('is confirmed only after a matching payment and a matching reservation', () => {
    const key = (saga: SagaState, paid: boolean, reserved: boolean): string => JSON.stringify([saga, paid, reserved])
    const seen = new Set<string>()
    const open: { saga: SagaState; paid: boolean; reserved: boolean }[] = [
      { saga: newSaga, paid: false, reserved: false },
    ]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { saga, paid, reserved } = next
      if (seen.has(key(saga, paid, reserved))) continue
      seen.add(key(saga, paid, reserved))
      if (saga.status === 'completed') assert.ok(paid && reserved, nameOf(saga))
      for (const input of inputs) {
        const decision = decide(saga, input)
        open.push({
          saga: decision.kind === 'decided' ? decision.state : saga,
          paid: paid || (input.on === 'payment.completed' && input.matches),
          reserved: reserved || (input.on === 'inventory.reserved' && input.matches),
        })
      }
    }
  })
})
