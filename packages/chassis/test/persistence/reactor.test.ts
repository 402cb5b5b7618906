// needs: database
import assert from 'node:assert/strict'
import { PaymentRefunded, PaymentRefundRequested } from '@order-saga/contracts'
import { deliveredMessage } from '@order-saga/tests/support/message'
import { v7 as uuidv7 } from 'uuid'
import type { Message, OutgoingEvent } from '../../src/messaging/message.ts'
import { type Database, statement, type Transaction } from '../../src/persistence/database.ts'
import { on, type Reactions, Reactor } from '../../src/persistence/reactor.ts'
import { DependencyUnavailable, PoisonMessage } from '../../src/core/errors.ts'
import { DatabaseForTest } from '../support/database-for-test.ts'

/** Effects on orders, counted: `n` goes up with each message that has its effect. */
type Counters = Map<string, { n: number; changed: boolean }>

const lock = statement('test-lock', 'SELECT id, n FROM effects WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE')
const upsert = statement(
  'test-upsert',
  'INSERT INTO effects (id, n) SELECT * FROM unnest($1::uuid[], $2::integer[]) ON CONFLICT (id) DO UPDATE SET n = EXCLUDED.n',
)

class OfferedEvents {
  accepts = true
  readonly offered: OutgoingEvent[] = []
  offer(events: readonly OutgoingEvent[]): void {
    this.offered.push(...events)
  }
}

describe('a reactor', function () {
  this.timeout(60_000)
  let store: DatabaseForTest
  let database: Database
  let relay: OfferedEvents

  beforeEach(async () => {
    store = await DatabaseForTest.create()
    database = store.open()
    relay = new OfferedEvents()
  })
  afterEach(() => store.drop())

  const batches: number[] = []
  const reactions = (react: (message: Message) => void = () => undefined): Reactions<Counters> => ({
    consumer: 'test_queue',
    load: async (tx: Transaction, messages) => {
      batches.push(messages.length)
      const rows = await tx.query<{ id: string; n: number }>(lock, [messages.map(({ orderId }) => orderId)])
      return new Map(rows.map(({ id, n }) => [id, { n, changed: false }]))
    },
    reactions: [
      on(PaymentRefundRequested, (message, counters: Counters, { append }) => {
        const counter = counters.get(message.orderId) ?? { n: 0, changed: false }
        counters.set(message.orderId, counter)
        react(message)
        counter.n += 1
        counter.changed = true
        const { orderId, sagaId, eventId } = message
        append(PaymentRefunded, { refundId: eventId, amount: '1.00', currency: 'USD' }, { orderId, sagaId, eventId })
      }),
    ],
    save: (tx, counters) => {
      const changed = [...counters].filter(([, counter]) => counter.changed)
      if (changed.length > 0) tx.write(upsert, [changed.map(([id]) => id), changed.map(([, { n }]) => n)])
    },
  })

  const reactor = (more: Partial<Reactions<Counters>> = {}, on_ = database): Reactor<Counters> =>
    new Reactor({ ...reactions(), ...more }, { database: on_, relay, now: () => new Date(), newId: () => uuidv7() })

  const message = (more: Partial<Message> = {}): Message =>
    deliveredMessage(PaymentRefundRequested.name, { reason: 'test' }, more)

  const effectsOf = async (orderId: string): Promise<number> =>
    (await store.sql<{ n: number }>('SELECT n FROM effects WHERE id = $1', [orderId]))[0]?.n ?? 0
  const count = async (table: string): Promise<number> =>
    (await store.sql<{ count: number }>(`SELECT count(*)::integer AS count FROM ${table}`))[0]?.count ?? -1

  it('writes the effect, the claim and the event in one transaction, and passes the event to the relay', async () => {
    const one = message()
    assert.deepEqual(await reactor().react(one), { result: 'processed', effects: [] })
    assert.equal(await effectsOf(one.orderId), 1)
    const rows = await store.sql('SELECT e.xmin = p.xmin AS same, e.causation_id FROM events e, processed_events p')
    assert.deepEqual(rows, [{ same: true, causation_id: one.eventId }])
    assert.equal(relay.offered.length, 1)
  })

  it('applies an event once, within a batch and across batches', async () => {
    const one = message()
    const under = reactor()
    const results = await Promise.all([under.react({ ...one }), under.react({ ...one }), under.react({ ...one })])
    assert.deepEqual(results.map(({ result }) => result).toSorted(), ['duplicate', 'duplicate', 'processed'])
    assert.deepEqual(await under.react(one), { result: 'duplicate', effects: [] })
    assert.equal(await effectsOf(one.orderId), 1)
    assert.equal(await count('events'), 1)
  })

  it('applies an event once when two processes receive it concurrently', async () => {
    const other = store.open()
    const messages = Array.from({ length: 40 }, () => message())
    const both = await Promise.all([
      Promise.all(messages.map((one) => reactor().react(one))),
      Promise.all(messages.toReversed().map((one) => reactor({}, other).react(one))),
    ])
    const processed = both.flat().filter(({ result }) => result === 'processed').length
    assert.equal(processed, messages.length)
    for (const { orderId } of messages) assert.equal(await effectsOf(orderId), 1)
    assert.equal(await count('processed_events'), messages.length)
    assert.equal(await count('events'), messages.length)
  })

  it('handles messages that arrive together in one transaction, in which events of one order see each other', async () => {
    batches.length = 0
    const orderId = uuidv7()
    const under = reactor()
    await Promise.all(Array.from({ length: 50 }, () => under.react(message({ orderId }))))
    assert.equal(await effectsOf(orderId), 50)
    assert.ok(batches.length <= 3, `50 messages took ${batches.length} transactions`)
  })

  it('rolls back effect, claim and event of a failing message, and commits the others of its batch', async () => {
    const bad = message()
    const good = Array.from({ length: 9 }, () => message())
    const failing = reactions((one) => {
      if (one.eventId === bad.eventId) throw new Error('not this one')
    })
    const under = reactor(failing)
    const results = await Promise.allSettled(
      [...good.slice(0, 4), bad, ...good.slice(4)].map((one) => under.react(one)),
    )
    assert.deepEqual(
      results.map(({ status }) => status),
      results.map((_, i) => (i === 4 ? 'rejected' : 'fulfilled')),
    )
    assert.equal(await effectsOf(bad.orderId), 0)
    for (const { orderId } of good) assert.equal(await effectsOf(orderId), 1)
    assert.equal(await count('processed_events'), 9)
    assert.equal(await count('events'), 9)
    assert.equal(relay.offered.length, 9, 'only committed events are offered to the relay')
    // With the cause of the failure gone, the same event has its effect.
    assert.deepEqual(await reactor().react(bad), { result: 'processed', effects: [] })
  })

  it('needs no more than two connections, however many messages wait', async () => {
    const narrow = store.open({ poolMax: 2 })
    const under = reactor({}, narrow)
    const messages = Array.from({ length: 500 }, (_, i) => message({ redelivered: i % 50 === 0 }))
    const other = Array.from({ length: 200 }, () => narrow.query(statement('test-other', 'SELECT 1 AS one')))
    const results = await Promise.all(messages.map((one) => under.react(one)))
    await Promise.all(other)
    assert.deepEqual(new Set(results.map(({ result }) => result)), new Set(['processed']))
    assert.equal(await count('processed_events'), 500)
  })

  it('reports a poison message', async () => {
    const under = reactor(
      reactions(() => {
        throw new PoisonMessage('never')
      }),
    )
    await assert.rejects(under.react(message()), PoisonMessage)
    assert.equal(await count('processed_events'), 0)
  })

  it('starts effects after the commit, and leaves the event of an awaited effect unclaimed', async () => {
    const intents = [{ awaited: false }, { awaited: true }]
    const under = new Reactor(
      {
        ...reactions(),
        reactions: [
          on(PaymentRefundRequested, ({ orderId }, counters: Counters) => {
            counters.set(orderId, { n: 1, changed: true })
            return intents.splice(0, 1)
          }),
        ],
      },
      { database, relay, now: () => new Date(), newId: () => uuidv7() },
    )
    const [one, other] = [message(), message()]
    assert.deepEqual(await under.react(one), { result: 'processed', effects: [{ awaited: false }] })
    assert.equal(await effectsOf(one.orderId), 1, 'the intent is durable')
    assert.equal((await under.react(one)).result, 'duplicate', 'claimed with its intent')

    assert.deepEqual(await under.react(other), { result: 'processed', effects: [{ awaited: true }] })
    assert.equal(await effectsOf(other.orderId), 1, 'the intent is durable')
    assert.equal((await under.react(other)).result, 'processed', 'redelivered, it is handled again')
    assert.equal(await count('processed_events'), 2)
  })

  it('handles order.cancelled before events that arrived earlier', async () => {
    const order: string[] = []
    const seen = (name: string) => (): void => void order.push(name)
    const under = reactor({
      first: PaymentRefunded,
      reactions: [on(PaymentRefundRequested, seen('asked')), on(PaymentRefunded, seen('refunded'))],
    })
    const refunded = message({ name: PaymentRefunded.name })
    await Promise.all([under.react(message()), under.react(message()), under.react(refunded)])
    assert.deepEqual(order, ['refunded', 'asked', 'asked'])
  })

  it('retains messages while the database is unavailable, and continues afterwards', async () => {
    const gone = store.open({ port: 1 })
    const under = reactor({}, gone)
    await assert.rejects(under.react(message()), DependencyUnavailable)
    const given = new AbortController()
    const waiting = under.react(message(), given.signal)
    given.abort(new DependencyUnavailable('this process', 'it is stopping'))
    await assert.rejects(waiting, DependencyUnavailable)
  })

  it('appends events without a lease when this process cannot publish', async () => {
    relay.accepts = false
    await reactor().react(message())
    assert.equal(relay.offered.length, 0)
    assert.deepEqual(await store.sql('SELECT lease_until <= now() AS free FROM events'), [{ free: true }])
  })
})
