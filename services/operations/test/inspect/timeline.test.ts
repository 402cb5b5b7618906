import assert from 'node:assert/strict'
import type { DeadLetter } from '../../src/inspect/dead-letters/dead-letter.ts'
import { inspectSaga } from '../../src/inspect/inspect-saga.ts'
import type { RetryMessage } from '../../src/inspect/retries/retry-message.ts'
import type { RecordedAct } from '../../src/inspect/operator-acts.ts'
import type {
  InboxRow,
  OutboxRow,
  RecordedPayment,
  RecordedReservation,
  RecordedSaga,
  SagaFacts,
} from '../../src/inspect/saga-facts.ts'
import { recordsOf } from '../../src/inspect/timeline.ts'

const at = (ms: number): Date => new Date(Date.UTC(2026, 0, 2) + ms)
const id = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const [created, paid, failed, refund] = [id(1), id(2), id(3), id(4)]

const row = (eventId: string, event: string, ms: number, more: Partial<OutboxRow> = {}): OutboxRow => ({
  eventId,
  event,
  createdAt: at(ms),
  publishedAt: at(ms + 1),
  attempts: 1,
  unroutableSince: null,
  parkedAt: null,
  parkReason: null,
  ...more,
})
const queues = {
  orderQueue: 'order_queue',
  paymentQueue: 'payment_queue',
  inventoryQueue: 'inventory_queue',
  notificationQueue: 'notification_queue',
}
const processed = (eventId: string, ms: number): InboxRow => ({ eventId, processedAt: at(ms) })

const saga: RecordedSaga = {
  sagaId: id(100),
  orderId: id(101),
  customerId: null,
  orderStatus: 'pending',
  status: 'refunding',
  reason: null,
  compensation: 'refund_requested',
  reservationSeen: false,
  mismatch: false,
  violations: 0,
  createdAt: at(0),
  updatedAt: at(40),
  deadline: at(90_000),
  finishedAt: null,
  refundRequests: 1,
  refundDueAt: at(30_000),
  amount: '12.50',
  currency: 'USD',
  items: [{ sku: 'SKU-1', qty: 2 }],
  history: [
    { at: at(0).toISOString(), event: 'order.created', eventId: created, direction: 'published', status: 'pending' },
    {
      at: at(20).toISOString(),
      event: 'payment.completed',
      eventId: paid,
      direction: 'seen',
      status: 'payment_completed',
    },
    { at: at(40).toISOString(), event: 'inventory.failed', eventId: failed, direction: 'seen', status: 'refunding' },
    {
      at: at(40).toISOString(),
      event: 'payment.refund.requested',
      eventId: refund,
      direction: 'published',
      status: 'refunding',
    },
  ],
}
const payment: RecordedPayment = {
  status: 'charged',
  reason: null,
  amount: '12.50',
  currency: 'USD',
  chargeId: 'ch_1',
  refundId: null,
  attempts: 1,
  lastAttemptAt: at(5),
  nextAttemptAt: null,
  createdAt: at(5),
  updatedAt: at(15),
}
const reservation: RecordedReservation = {
  status: 'rejected',
  reason: 'out_of_stock',
  items: [],
  createdAt: at(30),
  updatedAt: at(30),
}

interface Changes extends Partial<Omit<SagaFacts, 'outboxes' | 'inboxes'>> {
  readonly outboxes?: Partial<SagaFacts['outboxes']>
  readonly inboxes?: Partial<SagaFacts['inboxes']>
}

function facts({ outboxes, inboxes, ...more }: Changes = {}): SagaFacts {
  return {
    saga,
    payment,
    reservation,
    acts: [],
    outboxes: {
      order: [row(created, 'order.created', 0), row(refund, 'payment.refund.requested', 40)],
      payment: [row(paid, 'payment.completed', 15)],
      inventory: [row(failed, 'inventory.failed', 30)],
      ...outboxes,
    },
    inboxes: {
      order: [processed(paid, 20), processed(failed, 40)],
      payment: [processed(created, 15)],
      inventory: [processed(paid, 30)],
      ...inboxes,
    },
    ...more,
  }
}

function letter(service: DeadLetter['service'], more: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id: refund,
    service,
    queue: `${service}_queue`,
    event: 'payment.refund.requested',
    eventId: refund,
    sagaId: saga.sagaId,
    orderId: saga.orderId,
    reason: 'no such card',
    replayRefusal: undefined,
    attempts: 5,
    failure: undefined,
    firstFailure: undefined,
    deadLetteredAt: at(60),
    diedAt: at(60),
    replays: [],
    bytes: 10,
    ...more,
  }
}

const retryOf = (state: RetryMessage['state']): RetryMessage => ({
  id: refund,
  service: 'payment',
  queue: 'payment_queue.retry.45000',
  event: 'payment.refund.requested',
  schemaVersion: 1,
  sagaId: saga.sagaId,
  orderId: saga.orderId,
  attempt: 3,
  reason: 'the provider answers 500',
  retriedAt: at(50),
  refusal: undefined,
  state,
})
const inspected = (given: SagaFacts, deadLetters: readonly DeadLetter[] = [], retries: readonly RetryMessage[] = []) =>
  inspectSaga(given, { queues, deadLetters, retries, locks: [], breakers: [], usual: {}, now: at(100) })
const shortly = (given: SagaFacts, deadLetters: readonly DeadLetter[] = []): string[] =>
  inspected(given, deadLetters).timeline.map(({ service, what }) => `${service}: ${what}`)
const needs = (given: SagaFacts, deadLetters: readonly DeadLetter[] = []) =>
  inspected(given, deadLetters).explanation.needs

describe('The timeline of a saga', () => {
  it('lists its messages through all services, with amounts and how each ended', () => {
    assert.deepEqual(shortly(facts()), [
      'customer: POST /orders (12.50 USD) to order',
      'order: order.created (12.50 USD) to payment: processed after 15 ms',
      'payment: payment.completed (12.50 USD) to order: processed after 5 ms',
      'payment: payment.completed (12.50 USD) to inventory: processed after 15 ms',
      'inventory: inventory.failed (out_of_stock) to order: processed after 10 ms',
      'order: payment.refund.requested to payment: published, not processed yet',
    ])
    assert.deepEqual(recordsOf(facts()), {
      order: 'refunding',
      payment: 'charged 12.50 USD',
      inventory: 'rejected',
      notification: '',
    })
  })

  it('lists what the other databases contain while some cannot be read', () => {
    const alone = facts({
      payment: undefined,
      reservation: undefined,
      outboxes: { payment: undefined, inventory: undefined },
      inboxes: { payment: undefined, inventory: undefined },
    })
    assert.deepEqual(shortly(alone), [
      'customer: POST /orders (12.50 USD) to order',
      'order: order.created (12.50 USD) to payment: processing unknown',
      'payment: payment.completed (12.50 USD) to order: processed after 0 ms',
      'payment: payment.completed (12.50 USD) to inventory: processing unknown',
      'inventory: inventory.failed to order: processed after 0 ms',
      'order: payment.refund.requested to payment: processing unknown',
    ])
    assert.deepEqual(recordsOf(alone), { order: 'refunding', payment: null, inventory: null, notification: '' })
    assert.equal(needs(alone)?.what, 'payment.refunded from payment')
  })

  it('keeps the events of the history after outbox and inbox rows are removed', () => {
    const none = { order: [], payment: [], inventory: [] }
    const steps = shortly(facts({ outboxes: none, inboxes: none }))
    assert(steps.includes('payment: payment.completed (12.50 USD) to order: processed after 0 ms'))
    assert(steps.includes('order: order.created (12.50 USD) to payment: processing unknown'))
  })

  const withRefund = (more: Partial<OutboxRow>): SagaFacts =>
    facts({ outboxes: { order: [row(refund, 'payment.refund.requested', 40, more)] } })

  it('shows messages that are pending, parked, or published late', () => {
    const waiting = withRefund({ publishedAt: null })
    assert.equal(shortly(waiting).at(-1), 'order: payment.refund.requested to payment: not published yet')
    assert.deepEqual(needs(waiting), {
      what: 'payment.refund.requested to be published from the outbox of order',
      from: 'order',
      since: at(40),
    })
    const parked = withRefund({ publishedAt: null, parkedAt: at(50), parkReason: 'no queue is bound' })
    assert.match(shortly(parked).at(-1) ?? '', /to payment: parked in the outbox: no queue is bound$/)
    assert.deepEqual(needs(parked), {
      what: 'an operator: payment.refund.requested is parked in the outbox of order: no queue is bound',
      from: 'order',
      since: at(50),
    })
    assert.match(shortly(withRefund({ attempts: 3 })).at(-1) ?? '', /published at attempt 3/)
  })

  it('shows a dead letter at the message it is, and one of another service beside it', () => {
    assert.equal(
      shortly(facts(), [letter('payment')]).at(-1),
      'order: payment.refund.requested to payment: dead letter in payment_queue after 5 attempts: no such card',
    )
    assert.deepEqual(needs(facts(), [letter('payment')]), {
      what: 'an operator: payment.refund.requested is a dead letter in payment_queue: no such card',
      from: 'payment',
      since: at(60),
    })
    const elsewhere = shortly(facts(), [letter('inventory')])
    assert.deepEqual(elsewhere.slice(-2), [
      'order: payment.refund.requested to payment: published, not processed yet',
      'inventory: dead letter payment.refund.requested in inventory_queue: no such card',
    ])
    const copy = facts({ inboxes: { payment: [processed(created, 15), processed(refund, 50)] } })
    assert.match(shortly(copy, [letter('payment')]).at(-1) ?? '', /processed after 10 ms; a copy is a dead letter in/)
    assert.equal(needs(copy, [letter('payment')])?.what, 'payment.refunded from payment (payment status: charged)')
  })

  it('shows a message in a retry queue, and as a blocker once it is stuck there', () => {
    const blockers = (state: RetryMessage['state']) =>
      inspected(facts(), [], [retryOf(state)]).explanation.blockers.map(({ kind, cause, action }) => [
        kind,
        cause,
        action,
      ])
    const { timeline } = inspected(facts(), [], [retryOf('waiting')])
    assert.match(
      timeline.at(-1)?.what ?? '',
      /in payment_queue\.retry\.45000 before attempt 3: the provider answers 500$/,
    )
    assert.deepEqual(blockers('waiting'), [])
    const action = 'move it back to its queue: saga retries move payment_queue.retry.45000'
    const cause = 'in payment_queue.retry.45000 before attempt 3: the provider answers 500'
    assert.deepEqual(blockers('stuck'), [['stuck_retry', `payment.refund.requested is stuck ${cause}`, action]])
    assert.deepEqual(blockers('unknown'), [
      ['stuck_retry', `payment.refund.requested is, for an unknown time, ${cause}`, action],
    ])
    assert.deepEqual(blockers('unreadable'), [
      [
        'unreadable',
        'payment.refund.requested waits in payment_queue.retry.45000, as this release of payment cannot read it: the provider answers 500',
        'upgrade payment; the broker returns the event by itself',
      ],
    ])
    const elsewhere = { ...retryOf('stuck'), service: 'inventory' as const }
    assert.deepEqual(inspected(facts(), [], [elsewhere]).explanation.blockers, [])
    const done = facts({ inboxes: { payment: [processed(created, 15), processed(refund, 50)] } })
    assert.deepEqual(inspected(done, [], [retryOf('stuck')]).explanation.blockers, [])
  })

  it('names required operator actions before messages in flight', () => {
    const both = facts({ inboxes: { inventory: [] } })
    assert.equal(needs(both)?.what, 'inventory to process payment.completed')
    assert.match(needs(both, [letter('payment')])?.what ?? '', /^an operator: payment.refund.requested/)
  })

  it('shows a message that payment is processing, and how often it has called the provider', () => {
    const refunding = { ...payment, status: 'refunding', attempts: 4, lastAttemptAt: at(60), nextAttemptAt: at(1_000) }
    assert.deepEqual(shortly(facts({ payment: refunding })).slice(-2), [
      'order: payment.refund.requested to payment: in flight at the provider',
      'payment: 4 attempts at the provider, the next at 00:00:01',
    ])
    assert.deepEqual(needs(facts({ payment: refunding })), {
      what: 'the answer of the payment provider (payment status: refunding)',
      from: 'payment',
      since: at(15),
    })
  })

  it('shows an event that came too late, the deadline that passed, and acts of operators', () => {
    const late: RecordedSaga = {
      ...saga,
      status: 'timeout_cancelled',
      reason: 'timeout',
      compensation: 'none',
      finishedAt: at(10),
      history: saga.history.map((entry) => (entry.eventId === failed ? { ...entry, ignored: 'late' as const } : entry)),
    }
    const act = {
      startedAt: at(70),
      completedAt: at(70),
      begunAt: at(70),
      operator: 'ann',
      act: 'replay',
      event: 'order.created',
      subject: created,
      reason: 'x',
    }
    const steps = shortly(facts({ saga: late, acts: [act as RecordedAct] }))
    assert(steps.includes('order: the deadline passed'))
    assert(steps.some((step) => step.includes('late, no effect')))
    assert.equal(steps.at(-1), 'operator: ann: replay order.created (x)')
  })

  it('reports a refund of 0 as not charged, and expects no e-mail', () => {
    const refunded = row(id(5), 'payment.refunded', 50)
    const given = facts({
      payment: { ...payment, status: 'declined' },
      outboxes: { payment: [refunded] },
      inboxes: { order: [processed(id(5), 60)], payment: [processed(created, 15), processed(refund, 45)] },
    })
    const steps = shortly(given)
    assert(steps.includes('payment: payment.refunded (nothing was charged) to order: processed after 10 ms'))
    assert(steps.includes('payment: payment.refunded (nothing was charged) to notification: published'))
    const mail = letter('notification', { id: id(5), event: 'payment.refunded' })
    assert.equal(needs(given, [mail])?.what, 'payment.refunded from payment (payment status: declined)')
  })
})
