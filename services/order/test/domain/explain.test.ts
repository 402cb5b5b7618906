import assert from 'node:assert/strict'
import { explain, stateSince } from '../../src/domain/explain.ts'
import { duration } from '../../src/domain/explain-in-words.ts'
import type { Explanation, SagaFacts, Step } from '../../src/domain/explanation.ts'
import { decide, isFinal, newSaga, type SagaInput, type SagaState } from '../../src/domain/saga.ts'

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

/** The explanation in short: the awaited step, the effect of the deadline, the compensations. */
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
  { on: 'payment.completed', matches: true },
  { on: 'payment.failed', reason: 'declined' },
  { on: 'inventory.reserved', matches: true },
  { on: 'inventory.failed' },
  { on: 'payment.refunded', matches: true },
  { on: 'deadline' },
  { on: 'overdue' },
]

describe('explain', () => {
  for (const status of statuses) {
    for (const compensation of compensations) {
      const state = { ...newSaga, status, compensation, reason: reasonOf(status, compensation) }
      for (const [name, deadline, passed] of [
        ['before', at(90), false],
        ['after', at(10), true],
      ] as const) {
        it(`reports ${status}, ${compensation}, ${name} the deadline`, () => {
          const explanation = explain(facts(state, { deadline }), usual, now)
          assert.equal(gist(explanation), table[status][compensation])
          assert.equal(explanation.deadline.passed, passed)
          assert.equal(explanation.atRest, explanation.waitsFor === null)
          assert.equal(explanation.needs?.from, explanation.waitsFor?.service)
          const { text } = explanation
          assert.match(text, /^[A-Z].*\.$/)
          assert.doesNotMatch(text, /undefined|null|NaN|\. \.|Invalid/)
          assert.equal(
            /Its deadline is in 1 min, at 2026-01-02 03:05:30 UTC/.test(text),
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
        // The awaited event is possible, and changes the saga.
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

  const pending = newSaga
  const refunding: SagaState = { ...newSaga, status: 'refunding', compensation: 'refund_requested' }

  const paid: SagaState = { ...newSaga, status: 'payment_completed' }

  it('describes every state in plain words', () => {
    assert.equal(
      explain(facts(pending, { since: at(29) }), { payment: { p50Ms: 120, p95Ms: 2_300, sagas: 300 } }, now).text,
      'The order is accepted; the result of its payment is not known yet. ' +
        'It waits for payment.completed or payment.failed from payment, for 1 s so far. ' +
        'Usually: p50 120 ms, p95 2.3 s over the last 300 sagas. ' +
        'Its deadline is in 1 min, at 2026-01-02 03:05:30 UTC: if it is still open then, the order is cancelled. ' +
        'If it is cancelled: 125.50 USD is refunded if it was charged; any reservation of 2 x SKU-1 is released.',
    )
  })

  it('omits the duration of a step that too few sagas have taken', () => {
    const { waitsFor, text } = explain(facts(refunding), usual, now)
    assert.equal(waitsFor?.usually, null)
    assert.equal(waitsFor?.longerThanUsual, false)
    assert.match(text, /How long that usually takes is not known yet\./)
  })

  it('reports whether a wait is longer than usual', () => {
    const waiting = (ms: number) =>
      explain(facts(pending, { since: new Date(now.getTime() - ms) }), usual, now).waitsFor?.longerThanUsual
    assert.deepEqual([waiting(900), waiting(901)], [false, true])
    assert.match(explain(facts(pending), usual, now).text, /This one takes longer than usual/)
  })

  it('reports when a refund is requested again', () => {
    const again = facts(refunding, { refundRequests: 3, refundDueAt: at(50) })
    assert.match(explain(again, {}, now).text, /requested 3 times; without an answer by 2026-01-02 03:04:50 UTC it is/)
    assert.match(explain(again, {}, at(51)).text, /requested 3 times; the next check requests it again/)
    assert.deepEqual(explain(again, {}, now).refund, { requests: 3, requestedAgainAt: at(50) })
  })

  it('reports the effect of the deadline on a paid order', () => {
    const { deadline, text } = explain(facts(paid), {} satisfies Partial<Record<Step, never>>, now)
    assert.deepEqual(deadline.leadsTo?.publishes, ['order.cancelled', 'payment.refund.requested'])
    assert.match(text, /the order is cancelled and the refund is requested/)
  })

  it('reports a reservation that overtook its payment', () => {
    const { text } = explain(facts({ ...pending, reservationSeen: true }), usual, now)
    assert.match(text, /^The order is accepted and its stock is reserved; the result of its payment is not known yet\./)
    assert.match(text, /the order is cancelled and the refund is requested/)
  })

  it('reports a payment or a reservation that is not the order’s', () => {
    for (const state of [pending, paid]) {
      const { text } = explain(facts({ ...state, mismatch: true }), usual, now)
      assert.match(text, /A payment or a reservation was reported that does not match the order\./)
      assert.match(text, /the order is cancelled and the refund is requested/)
    }
    const final: SagaState = { ...paid, status: 'completed', mismatch: true }
    assert.match(explain(facts(final), usual, now).text, /reported that does not match the order\./)
  })

  it('reports that the next check confirms an open order with both proofs', () => {
    const { deadline, text } = explain(facts({ ...paid, reservationSeen: true }), usual, now)
    assert.deepEqual(deadline.leadsTo?.publishes, ['order.confirmed'])
    assert.match(text, /It is paid and its stock is reserved: the next check of deadlines confirms the order\./)
    assert.doesNotMatch(text, /Its deadline/)
  })

  const undelivered = { event: 'order.created', from: 'order', to: 'payment', since: at(19) } as const

  it('adds the facts of the other services where they are known, and changes nothing else with them', () => {
    const alone = explain(facts(pending), usual, now)
    const known = explain(
      facts(pending, { payment: { status: 'charging' }, reservation: null, undelivered: [] }),
      usual,
      now,
    )
    const needed = 'payment.completed or payment.failed from payment'
    assert.equal(alone.needs?.what, needed)
    assert.deepEqual(known.needs, { ...alone.needs, what: `${needed} (payment status: charging)` })
    assert.equal(known.text.replace(` Needed next: ${needed} (payment status: charging).`, ''), alone.text)
    const unknown = explain(facts(pending, { payment: null, undelivered: [] }), usual, now)
    assert.equal(unknown.needs?.what, `${needed} (payment status: no record of the order)`)
  })

  for (const [state, from, what] of [
    ['in_flight', 'payment', 'payment to process order.created'],
    ['in_progress', 'payment', 'the answer of the payment provider (payment status: charging)'],
    ['in_outbox', 'order', 'order.created to be published from the outbox of order'],
    ['parked', 'order', 'an operator: order.created is parked in the outbox of order: unroutable'],
    ['dead_lettered', 'payment', 'an operator: order.created is a dead letter in payment_queue: unroutable'],
  ] as const) {
    it(`reports the next step for an event that is ${state}`, () => {
      const event = { ...undelivered, state, queue: 'payment_queue', reason: 'unroutable' }
      const { needs, text } = explain(
        facts(pending, { payment: { status: 'charging' }, undelivered: [event] }),
        usual,
        now,
      )
      assert.deepEqual(needs, { what, from, since: at(19) })
      assert(text.includes(` Needed next: ${what}. `), text)
    })
  }

  it('is not at rest while an event of a final saga is in flight, unless it only causes an e-mail', () => {
    const completed: SagaState = { ...newSaga, status: 'completed' }
    const confirmed = { event: 'order.confirmed', from: 'order', state: 'in_flight' } as const
    const shipping = explain(facts(completed, { undelivered: [{ ...confirmed, to: 'inventory' }] }), usual, now)
    assert.deepEqual([shipping.atRest, shipping.needs?.what], [false, 'inventory to process order.confirmed'])
    assert.doesNotMatch(shipping.text, /complete/)
    const mailing = explain(facts(completed, { undelivered: [{ ...confirmed, to: 'notification' }] }), usual, now)
    assert.deepEqual([mailing.atRest, mailing.needs], [true, null])
    assert.match(mailing.text, /The saga is complete\.$/)
  })

  it('counts a state from the history: a repeated request for a refund from the first', () => {
    const entry = (seconds: number, event: string, status: SagaState['status']) => ({
      at: at(seconds).toISOString(),
      event,
      status,
    })
    const history = [
      entry(0, 'order.created', 'pending'),
      entry(5, 'payment.refund.requested', 'refunding'),
      entry(9, 'payment.refund.requested', 'refunding'),
    ]
    assert.deepEqual(stateSince(history, pending), at(0))
    assert.deepEqual(stateSince(history, refunding), at(5))
    assert.equal(stateSince([], pending), undefined)
  })

  it('never counts a wait as negative, when the clock of another process is ahead', () => {
    assert.equal(explain(facts(pending, { since: at(40) }), usual, now).waitsFor?.forMs, 0)
  })

  it('abbreviates a long list of items', () => {
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
