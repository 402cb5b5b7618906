import assert from 'node:assert/strict'
import { explain } from '../../src/domain/explain.ts'
import { duration } from '../../src/domain/explain-in-words.ts'
import type { Explanation, SagaFacts, Step } from '../../src/domain/explanation.ts'
import { decide, isFinal, type SagaInput, type SagaState } from '../../src/domain/saga.ts'

const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 2, 3, 4, seconds))
const now = at(30)
const usual = { payment: { p50Ms: 120, p95Ms: 900, sagas: 300 } }

function facts(state: SagaState, changes: Partial<SagaFacts> = {}): SagaFacts {
  return {
    state,
    createdAt: at(0),
    deadline: at(90),
    finishedAt: isFinal(state.status) ? at(20) : null,
    since: at(18),
    refundRequests: state.compensation === 'none' ? 0 : 1,
    refundDueAt: state.compensation === 'refund_requested' ? at(50) : null,
    amount: '125.50',
    currency: 'USD',
    items: [{ sku: 'SKU-1', qty: 2 }],
    ...changes,
  }
}

/** What the explanation says in short: the step, what the deadline leads to, what is undone. */
function gist({ waitsFor, deadline, undo }: Explanation): string {
  const then = deadline.leadsTo && `${deadline.leadsTo.becomes.status}/${deadline.leadsTo.becomes.compensation}`
  return [waitsFor?.step ?? 'rests', then ?? '-', ...undo.map(({ what, state }) => `${what} ${state}`)].join(', ')
}

const statuses = ['pending', 'payment_completed', 'refunding', 'completed', 'cancelled', 'timeout_cancelled'] as const
const compensations = ['none', 'refund_requested', 'refunded'] as const
const reasonOf = (status: SagaState['status'], compensation: SagaState['compensation']): SagaState['reason'] =>
  status === 'timeout_cancelled'
    ? 'timeout'
    : status === 'cancelled'
      ? compensation === 'none'
        ? 'payment_failed'
        : 'compensation'
      : null

/** Every status with every compensation, those that the database refuses too: the explanation is total. */
const table: Record<(typeof statuses)[number], Record<(typeof compensations)[number], string>> = {
  pending: {
    none: 'payment, timeout_cancelled/none, refund possible, release possible',
    refund_requested: 'payment, timeout_cancelled/none, refund possible, release possible',
    refunded: 'payment, timeout_cancelled/none, refund possible, release possible',
  },
  payment_completed: {
    none: 'stock, timeout_cancelled/refund_requested, refund due, release possible',
    refund_requested: 'stock, timeout_cancelled/refund_requested, refund due, release possible',
    refunded: 'stock, timeout_cancelled/refund_requested, refund due, release possible',
  },
  refunding: {
    none: 'refund, -, refund requested',
    refund_requested: 'refund, -, refund requested',
    refunded: 'refund, -, refund requested',
  },
  completed: { none: 'rests, -', refund_requested: 'rests, -', refunded: 'rests, -' },
  cancelled: {
    none: 'rests, -',
    refund_requested: 'rests, -, refund requested',
    refunded: 'rests, -, refund done',
  },
  timeout_cancelled: {
    none: 'rests, -, refund possible, release requested',
    refund_requested: 'refund, -, refund requested, release requested',
    refunded: 'rests, -, refund done, release requested',
  },
}

const inputs: SagaInput[] = [
  { on: 'payment.completed' },
  { on: 'payment.failed', reason: 'declined' },
  { on: 'inventory.reserved' },
  { on: 'inventory.failed' },
  { on: 'payment.refunded' },
  { on: 'deadline' },
  { on: 'overdue' },
]

describe('explain', () => {
  for (const status of statuses) {
    for (const compensation of compensations) {
      const state = { status, compensation, reason: reasonOf(status, compensation) }
      for (const [name, deadline, passed] of [
        ['before', at(90), false],
        ['after', at(10), true],
      ] as const) {
        it(`tells ${status}, ${compensation}, ${name} the deadline`, () => {
          const explanation = explain(facts(state, { deadline }), usual, now)
          assert.equal(gist(explanation), table[status][compensation])
          assert.equal(explanation.deadline.passed, passed)
          assert.equal(explanation.atRest, explanation.waitsFor === null)
          const { text } = explanation
          assert.match(text, /^[A-Z].*\.$/)
          assert.doesNotMatch(text, /undefined|null|NaN|\. \.|Invalid/)
          assert.equal(
            /Its deadline falls in 1 min, at 2026-01-02 03:05:30 UTC/.test(text),
            name === 'before' && explanation.deadline.leadsTo !== null,
          )
          assert.equal(/deadline passed at/.test(text), name === 'after' && explanation.deadline.leadsTo !== null)
        })
      }

      it(`lists for ${status}, ${compensation}, exactly what the saga's table lets move it`, () => {
        const { next, waitsFor } = explain(facts(state), {}, now)
        const expected = inputs.flatMap((input) => {
          const decision = decide(state, input)
          return decision.kind === 'decided' ? [[input.on, decision.state, decision.publish]] : []
        })
        assert.deepEqual(
          next.map(({ on, becomes, publishes }) => [on, becomes, publishes]),
          expected,
        )
        // What it is said to wait for can come, and changes it.
        for (const event of waitsFor?.events ?? [])
          assert(
            next.some(({ on }) => on === event),
            event,
          )
        for (const { on, from } of next)
          assert.equal(from, on === 'deadline' || on === 'overdue' ? 'order' : on.split('.')[0])
      })
    }
  }

  const pending: SagaState = { status: 'pending', reason: null, compensation: 'none' }
  const refunding: SagaState = { status: 'refunding', reason: null, compensation: 'refund_requested' }

  it('says it all in plain words', () => {
    assert.equal(
      explain(facts(pending, { since: at(29) }), { payment: { p50Ms: 120, p95Ms: 2_300, sagas: 300 } }, now).text,
      'The order is accepted; whether it is paid is not known yet. ' +
        'It waits for payment.completed or payment.failed from payment, for 1 s so far. ' +
        'Usually: half of the last 300 took up to 120 ms, 95 % up to 2.3 s. ' +
        'Its deadline falls in 1 min, at 2026-01-02 03:05:30 UTC: if it is still open then, the order is cancelled. ' +
        'If it is cancelled: 125.50 USD is given back if it was charged; what is reserved of 2 x SKU-1 is released.',
    )
  })

  it('says that it does not know how long a step takes that too few sagas have taken', () => {
    const { waitsFor, text } = explain(facts(refunding), usual, now)
    assert.equal(waitsFor?.usually, null)
    assert.equal(waitsFor?.longerThanUsual, false)
    assert.match(text, /How long that usually takes is unknown yet\./)
  })

  it('tells a wait that is longer than usual from one that is not', () => {
    const waiting = (ms: number) =>
      explain(facts(pending, { since: new Date(now.getTime() - ms) }), usual, now).waitsFor?.longerThanUsual
    assert.deepEqual([waiting(900), waiting(901)], [false, true])
    assert.match(explain(facts(pending), usual, now).text, /This one takes longer than usual/)
  })

  it('tells when a refund is asked for again', () => {
    const again = facts(refunding, { refundRequests: 3, refundDueAt: at(50) })
    assert.match(explain(again, {}, now).text, /asked for 3 times; if it is not back by 2026-01-02 03:04:50 UTC it is/)
    assert.match(explain(again, {}, at(51)).text, /asked for 3 times; with the next check it is asked for again/)
    assert.deepEqual(explain(again, {}, now).refund, { requests: 3, askedAgainAt: at(50) })
  })

  it('tells what the deadline does to a paid order', () => {
    const paid: SagaState = { status: 'payment_completed', reason: null, compensation: 'none' }
    const { deadline, text } = explain(facts(paid), {} satisfies Partial<Record<Step, never>>, now)
    assert.deepEqual(deadline.leadsTo?.publishes, ['order.cancelled', 'payment.refund.requested'])
    assert.match(text, /the order is cancelled and the money is asked back/)
  })

  it('never counts a wait as negative, when the clock of another process is ahead', () => {
    assert.equal(explain(facts(pending, { since: at(40) }), usual, now).waitsFor?.forMs, 0)
  })

  it('names few of many items', () => {
    const items = ['A', 'B', 'C', 'D', 'E'].map((sku) => ({ sku, qty: 1 }))
    assert.match(explain(facts(pending, { items }), usual, now).text, /of 1 x A, 1 x B, 1 x C, 2 more is released/)
  })
})

describe('A duration', () => {
  for (const [ms, words] of [
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1_000, '1 s'],
    [9_990, '9.9 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [61_500, '1 min 1 s'],
    [3_600_000, '1 h'],
    [5_400_000, '1 h 30 min'],
    [90_000_000, '1 d 1 h'],
  ] as const) {
    it(`of ${ms} ms reads ${words}`, () => assert.equal(duration(ms), words))
  }
})
