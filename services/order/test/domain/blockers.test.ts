import assert from 'node:assert/strict'
import { blockedAfterMs, blockersOf } from '../../src/domain/blockers.ts'
import type { LockingSession, SagaFacts, UndeliveredEvent } from '../../src/domain/explanation.ts'

const now = new Date('2026-01-02T00:10:00.000Z')
const ago = (ms: number): Date => new Date(now.getTime() - ms)

const saga: SagaFacts = {
  state: { status: 'pending', reason: null, compensation: 'none', reservationSeen: false, mismatch: false },
  createdAt: ago(60_000),
  deadline: new Date(now.getTime() + 30_000),
  finishedAt: null,
  since: ago(60_000),
  refundRequests: 0,
  refundDueAt: null,
  amount: '12.50',
  currency: 'USD',
  items: [],
}
const paid: UndeliveredEvent = {
  eventId: 'e-1',
  event: 'payment.completed',
  from: 'payment',
  to: 'order',
  state: 'in_flight',
  queue: 'order_queue',
  since: ago(120_000),
}
const queue = { ready: 0, consumers: 1, retrying: 0, isBound: true }
const lock: LockingSession = {
  service: 'order',
  pid: 14_013,
  application: 'reporting',
  what: 'its row',
  isRow: true,
  since: ago(61_000),
  transactionSince: ago(62_000),
}

const texts = (facts: Partial<SagaFacts>): string[] =>
  blockersOf({ ...saga, ...facts }, now).map(({ kind, cause }) => `${kind}: ${cause}`)

describe('The blockers of a saga', () => {
  const cases: Record<string, readonly [Partial<SagaFacts>, readonly string[]]> = {
    'nothing while an event is in flight for less than the limit': [
      { undelivered: [{ ...paid, since: ago(blockedAfterMs - 1) }] },
      [],
    ],
    'a delivery without acknowledgement, with queue and age': [
      { undelivered: [{ ...paid, broker: queue }] },
      ['unacknowledged: payment.completed was delivered to order_queue and is unacknowledged for 2 min'],
    ],
    'a delivery that may be in a retry queue': [
      { undelivered: [{ ...paid, broker: { ...queue, retrying: 2 } }] },
      [
        'unacknowledged: payment.completed was delivered to order_queue and is unacknowledged for 2 min, or is among the 2 messages in its retry queues',
      ],
    ],
    'a queue without consumer': [
      { undelivered: [{ ...paid, broker: { ...queue, consumers: 0, ready: 3 } }] },
      ['no_consumer: order_queue has no consumer; payment.completed was published 2 min ago, 3 messages are ready'],
    ],
    'a backlog': [
      { undelivered: [{ ...paid, broker: { ...queue, ready: 30 } }] },
      ['backlog: payment.completed was published to order_queue 2 min ago, where 30 messages are ready'],
    ],
    'a binding that is missing although other consumers have the event': [
      { undelivered: [{ ...paid, since: now, broker: { ...queue, isBound: false } }] },
      ['missing_binding: payment.completed is not processed by order, and order_queue is not bound to its routing key'],
    ],
    'a retry of an event that was delivered before its binding was removed': [
      {
        undelivered: [
          {
            ...paid,
            broker: { ...queue, isBound: false },
            retry: { queue: 'order_queue.retry.15000', state: 'waiting', attempt: 4, reason: 'no space' },
          },
        ],
      },
      ['unacknowledged: payment.completed waits in order_queue.retry.15000 for attempt 4: no space'],
    ],
    'an event that no queue accepts': [
      { undelivered: [{ ...paid, state: 'in_outbox', since: now, unroutable: 'unroutable: no queue' }] },
      ['missing_binding: payment.completed cannot be routed from the outbox of payment: unroutable: no queue'],
    ],
    'a charge in flight at the provider, with age and attempt': [
      {
        payment: { status: 'charging', attempts: 1 },
        undelivered: [{ ...paid, event: 'order.created', to: 'payment', state: 'in_progress', since: ago(57_000) }],
      },
      ['charge: charge in flight at the provider for 57 s, attempt 2'],
    ],
    'a lock on its row, and all others in the order in which to act': [
      {
        undelivered: [
          { ...paid, broker: queue },
          { ...paid, eventId: 'e-2', event: 'inventory.reserved', state: 'parked', reason: 'unroutable' },
          {
            ...paid,
            eventId: 'e-3',
            event: 'payment.completed',
            to: 'inventory',
            state: 'dead_lettered',
            reason: 'no',
          },
        ],
        locks: [lock, { ...lock, what: 'a row that the service needs', isRow: false }],
        breakers: [{ service: 'order', dependency: 'database', since: now }],
      },
      [
        'dead_letter: payment.completed is a dead letter in order_queue: no',
        'parked: inventory.reserved is parked in the outbox of payment: unroutable',
        'lock: its row in the database of order is locked by session 14013 (reporting, transaction since 2026-01-02T00:08:58Z)',
        'breaker: the circuit breaker of order for the database is open',
        'unacknowledged: payment.completed was delivered to order_queue and is unacknowledged for 2 min',
      ],
    ],
    'no lock of a service that has nothing to do for it': [{ locks: [{ ...lock, isRow: false }] }, []],
    'its deadline, once it is past': [
      { deadline: ago(40_000) },
      ['deadline: the deadline passed 40 s ago and the order is not cancelled'],
    ],
    'its deadline, when nothing else can end it': [
      { state: { ...saga.state, mismatch: true } },
      ['deadline: a payment or reservation does not match the order: only the deadline ends the saga'],
    ],
    'no deadline of a final saga': [
      { state: { ...saga.state, status: 'completed' }, deadline: ago(40_000), finishedAt: ago(50_000) },
      [],
    ],
    'no e-mail': [{ undelivered: [{ ...paid, to: 'notification', state: 'dead_lettered' }] }, []],
  }
  for (const [name, [facts, expected]] of Object.entries(cases)) {
    it(`are ${name}`, () => assert.deepEqual(texts(facts), expected))
  }

  it('have a next step and a runbook each', () => {
    for (const { action, runbook } of Object.values(cases).flatMap(([facts]) =>
      blockersOf({ ...saga, ...facts }, now),
    )) {
      assert.match(action, /^[a-z]/)
      assert.match(runbook, /^OrderSaga[A-Za-z]+$/)
    }
  })
})
