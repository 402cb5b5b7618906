import assert from 'node:assert/strict'
import type { PublishedTrace, RecordTrace } from '@order-saga/contracts'
import { type Asked, timelineOf, type TimelineFacts } from '../../src/console/timeline.ts'
import type { SagaStory } from '../../src/store/read-saga-facts.ts'

const at = (ms: number): string => new Date(Date.UTC(2026, 0, 2) + ms).toISOString()
const id = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const [created, paid, failed, refund] = [id(1), id(2), id(3), id(4)]

const event = (eventId: string, name: string, ms: number, more: Partial<PublishedTrace> = {}): PublishedTrace => ({
  eventId,
  name,
  causationId: null,
  at: at(ms),
  publishedAt: at(ms + 1),
  attempts: 1,
  parkedBecause: null,
  ...more,
})

function answered(parts: {
  published?: PublishedTrace[]
  handled?: [string, number][]
  record?: Partial<RecordTrace>
}): Asked {
  const { published = [], handled = [], record } = parts
  return {
    state: 'answered',
    trail: {
      published,
      handled: handled.map(([eventId, ms]) => ({ eventId, at: at(ms) })),
      record: record === undefined ? null : { status: 'charged', at: at(5), updatedAt: at(5), reason: null, ...record },
    },
  }
}

const saga: SagaStory = {
  sagaId: id(100),
  orderId: id(101),
  customerId: null,
  state: { status: 'refunding', reason: null, compensation: 'refund_requested' },
  createdAt: new Date(at(0)),
  updatedAt: new Date(at(40)),
  deadline: new Date(at(90_000)),
  finishedAt: null,
  since: new Date(at(40)),
  refundRequests: 1,
  refundDueAt: new Date(at(30_000)),
  amount: '12.50',
  currency: 'USD',
  items: [{ sku: 'SKU-1', qty: 2 }],
  history: [
    { at: at(0), event: 'order.created', eventId: created, direction: 'published', status: 'pending' },
    { at: at(20), event: 'payment.completed', eventId: paid, direction: 'seen', status: 'payment_completed' },
    { at: at(40), event: 'inventory.failed', eventId: failed, direction: 'seen', status: 'refunding' },
    { at: at(40), event: 'payment.refund.requested', eventId: refund, direction: 'published', status: 'refunding' },
  ],
}

function facts(changes: Partial<TimelineFacts['trails']> = {}, more: Partial<TimelineFacts> = {}): TimelineFacts {
  return {
    saga,
    deadLetters: [],
    ...more,
    trails: {
      order: answered({
        published: [event(created, 'order.created', 0), event(refund, 'payment.refund.requested', 40)],
      }),
      payment: answered({
        published: [event(paid, 'payment.completed', 15)],
        handled: [[created, 15]],
        record: { amount: '12.50', currency: 'USD', attempts: 1 },
      }),
      inventory: answered({
        published: [event(failed, 'inventory.failed', 30)],
        handled: [[paid, 30]],
        record: { status: 'rejected', reason: 'out_of_stock' },
      }),
      notification: answered({}),
      ...changes,
    },
  }
}

const shortly = (given: TimelineFacts): string[] =>
  timelineOf(given).steps.map((step) =>
    step.kind === 'note'
      ? `${step.service}: ${step.text}`
      : `${step.from} > ${step.to}: ${[step.event, step.detail, step.state, step.note].filter((part) => part !== '').join(', ')}`,
  )

describe('timelineOf', () => {
  it('tells the way of a saga through all services, with amounts and how each message ended', () => {
    assert.deepEqual(shortly(facts()), [
      'customer > order: POST /orders, 12.50 USD, handled',
      'order > payment: order.created, 12.50 USD, handled',
      'payment > order: payment.completed, 12.50 USD, handled',
      'payment > inventory: payment.completed, 12.50 USD, handled',
      'inventory > order: inventory.failed, out_of_stock, handled',
      'order > payment: payment.refund.requested, on_its_way',
    ])
    const { participants } = timelineOf(facts())
    assert.deepEqual(
      participants.map(({ service, state, holds }) => `${service} ${state} ${holds}`),
      [
        'order answered refunding',
        'payment answered charged 12.50 USD',
        'inventory answered rejected',
        'notification answered ',
      ],
    )
  })

  it('tells what the order service knows alone, when the others are not asked or do not answer', () => {
    const alone = facts({ payment: { state: 'not_asked' }, inventory: { state: 'no_answer' } })
    assert.deepEqual(shortly(alone), [
      'customer > order: POST /orders, 12.50 USD, handled',
      'order > payment: order.created, 12.50 USD, unknown',
      'payment > order: payment.completed, 12.50 USD, handled',
      'payment > inventory: payment.completed, 12.50 USD, unknown',
      'inventory > order: inventory.failed, handled',
      'order > payment: payment.refund.requested, unknown',
    ])
    assert.deepEqual(
      timelineOf(alone).participants.map(({ state }) => state),
      ['answered', 'not_asked', 'no_answer', 'answered'],
    )
  })

  const refundStep = (given: TimelineFacts): string | undefined => shortly(given).at(-1)
  const outbox = (more: Partial<PublishedTrace>): Partial<TimelineFacts['trails']> => ({
    order: answered({ published: [event(refund, 'payment.refund.requested', 40, more)] }),
  })

  it('tells a message that is still in the outbox, and one that is parked there', () => {
    assert.equal(
      refundStep(facts(outbox({ publishedAt: null }))),
      'order > payment: payment.refund.requested, in_outbox',
    )
    assert.equal(
      refundStep(facts(outbox({ publishedAt: null, parkedBecause: 'no queue is bound' }))),
      'order > payment: payment.refund.requested, parked, parked: no queue is bound',
    )
    assert.match(refundStep(facts(outbox({ attempts: 3 }))) ?? '', /published at attempt 3/)
  })

  it('tells a dead letter, of the consumer whose it is', () => {
    const dead = facts({}, { deadLetters: [{ id: refund, service: 'payment', reason: 'no such card' }] })
    assert.equal(
      refundStep(dead),
      'order > payment: payment.refund.requested, dead_lettered, dead letter: no such card',
    )
    const elsewhere = facts({}, { deadLetters: [{ id: refund, service: 'inventory', reason: 'no such card' }] })
    assert.equal(refundStep(elsewhere), 'order > payment: payment.refund.requested, on_its_way')
  })

  it('tells what payment has taken up, and how often it has tried', () => {
    const record = {
      status: 'refunding',
      amount: '12.50',
      currency: 'USD',
      attempts: 4,
      lastAttemptAt: at(60),
      nextAttemptAt: at(1_000),
    }
    const steps = shortly(facts({ payment: answered({ record, handled: [[created, 15]] }) }))
    assert.deepEqual(steps.slice(-2), [
      'order > payment: payment.refund.requested, in_hand',
      'payment: 4 attempts at the provider, next look at 00:00:01',
    ])
  })

  it('tells when an event came too late, and when the deadline passed', () => {
    const late: SagaStory = {
      ...saga,
      state: { status: 'timeout_cancelled', reason: 'timeout', compensation: 'none' },
      finishedAt: new Date(at(10)),
      history: saga.history.map((entry) => (entry.eventId === failed ? { ...entry, ignored: 'late' as const } : entry)),
    }
    const steps = shortly(facts({}, { saga: late }))
    assert(steps.includes('order: the deadline passed'))
    assert(steps.some((step) => step.includes('came late, changed nothing')))
  })

  it('says of a refund of nothing that nothing was charged', () => {
    const refunded = event(id(5), 'payment.refunded', 50)
    const payment = answered({ published: [refunded], record: { status: 'declined' } })
    assert(shortly(facts({ payment })).some((step) => step.includes('payment.refunded, nothing was charged')))
  })
})
