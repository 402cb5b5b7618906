// needs: database
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { OrderCancelled, OrderCreated, PaymentRefundRequested } from '@order-saga/contracts'
import { createLog, Database, type Message } from '@order-saga/chassis'
import { testServers } from '@order-saga/dev'
import { createFrom, migrated } from '@order-saga/tests/support/database-template'
import { increasingClock } from '@order-saga/tests/support/increasing-clock'
import { deliveredMessage } from '@order-saga/tests/support/message'
import { Reactor } from '../../../../packages/chassis/src/persistence/reactor.ts'
import { ResultRecorder } from '../../src/effects/record-results.ts'
import type { EffectIntent } from '../../src/reactions/advance-payment.ts'
import { paymentReactions } from '../../src/reactions/index.ts'
import { claimDuePayments, type LockedPayments, lockPayments, PaymentCache } from '../../src/store/payments.ts'

const timeLimitsMs = { charge: 1_000, refund: 1_000 }

describe('A process with a cache of payments', () => {
  let database: Database
  let loads = 0
  const now = increasingClock()
  before(async () => {
    const postgres = await testServers().postgres()
    await createFrom(migrated.payment, postgres, 'payments_cache')
    const { port, user, password } = postgres
    const address = { host: '127.0.0.1', port, name: 'payments_cache', user, password, caFile: '' }
    database = new Database({ ...address, poolMax: 5, applicationName: 'test', log: createLog('payment', 'silent') })
  })
  after(async () => await database.close())

  function startProcess(cache = new PaymentCache()): {
    reactor: Reactor<LockedPayments, EffectIntent>
    results: ResultRecorder
  } {
    const committed = (payments: LockedPayments): void => cache.put(payments)
    const newId = (): string => randomUUID()
    const reactions = paymentReactions({ queue: 'payment_queue', timeLimitsMs, newId, cache, committed })
    const load: typeof reactions.load = (...values) => {
      loads += 1
      return reactions.load(...values)
    }
    const relay = { accepts: false, offer: () => undefined }
    const unitOfWork = { database, relay, now, newId }
    const results = new ResultRecorder({ ...unitOfWork, consumer: 'payment_queue', timeLimitsMs, cache, committed })
    return { reactor: new Reactor({ ...reactions, load }, unitOfWork), results }
  }

  const eventOf = (name: string, orderId: string, payload: object): Message =>
    deliveredMessage(name, payload, { orderId, sagaId: orderId })
  const created = (orderId: string): Message =>
    eventOf(OrderCreated.name, orderId, {
      customerEmail: 'test@example.com',
      items: [{ sku: 'TEA', qty: 1 }],
      amount: '12.50',
      currency: 'USD',
      deadline: new Date(Date.now() + 60_000).toISOString(),
    })
  const cancelled = (orderId: string): Message => eventOf(OrderCancelled.name, orderId, { reason: 'timeout' })
  const charged = (message: Message) =>
    ({ orderId: message.orderId, sagaId: message.sagaId, cause: message, input: { on: 'charge.succeeded' } }) as const

  const change = (text: string, orderId: string) => database.query({ name: randomUUID(), text }, [orderId])

  async function stored(orderId: string): Promise<unknown> {
    const text = `SELECT status, version, attempts,
      (SELECT string_agg(routing_key, ' ' ORDER BY event_id) FROM events e WHERE e.order_id = p.order_id) AS events
      FROM payment_transactions p WHERE order_id = $1`
    return (await database.query({ name: 'cache-payment', text }, [orderId]))[0]
  }

  it('records an intent and its result without a read', async () => {
    const { reactor, results } = startProcess()
    loads = 0
    const message = created(randomUUID())
    assert.deepEqual(
      (await reactor.react(message)).effects.map(({ effect }) => effect),
      ['charge'],
    )
    await results.record({ ...charged(message), chargeId: 'ch-1' })
    assert.equal(loads, 0)
    const events = 'payment.completed'
    assert.deepEqual(await stored(message.orderId), { status: 'charged', version: 2, attempts: 0, events })
    assert.equal((await reactor.react(message)).result, 'duplicate')
  })

  it('caches each as it would be read', async () => {
    const cache = new PaymentCache()
    const message = created(randomUUID())
    await startProcess(cache).reactor.react(message)
    const options = { isNew: () => false, newId: () => randomUUID(), now: new Date() }
    const cached = cache.take([message.orderId], options)?.of(message.orderId, message.sagaId)
    const read = await database.transaction((tx) => lockPayments(tx, [message.orderId], options.newId, options.now))
    assert.deepEqual(cached, read.of(message.orderId, message.sagaId))
  })

  it('reports the payment of another process after a failover has undone its own', async () => {
    const [one, other] = [startProcess(), startProcess()]
    const message = created(randomUUID())
    await one.reactor.react(message)
    await change('DELETE FROM payment_transactions WHERE order_id = $1', message.orderId)
    await other.reactor.react(message)
    await one.results.record({ ...charged(message), chargeId: 'ch-4' })
    const text = `SELECT p.payment_id::text = e.payload ->> 'paymentId' AS same
      FROM payment_transactions p JOIN events e USING (order_id) WHERE order_id = $1`
    assert.deepEqual(await change(text, message.orderId), [{ same: true }])
  })

  it('charges no order that was cancelled first, in another process or in the same batch', async () => {
    const [one, other] = [startProcess(), startProcess()]
    const first = created(randomUUID())
    await other.reactor.react(cancelled(first.orderId))
    assert.deepEqual((await one.reactor.react(first)).effects, [])
    const second = created(randomUUID())
    const [reacted] = await Promise.all([one.reactor.react(second), one.reactor.react(cancelled(second.orderId))])
    assert.deepEqual(reacted.effects, [])
  })

  it('records a result after the sweeper has taken the intent, and a request for a refund that another process has seen', async () => {
    const [one, other] = [startProcess(), startProcess()]
    const message = created(randomUUID())
    await one.reactor.react(message)
    const inAMinute = new Date(Date.now() + 60_000)
    await claimDuePayments(database, inAMinute, inAMinute, 10)
    await other.reactor.react(eventOf(PaymentRefundRequested.name, message.orderId, { reason: 'timeout' }))
    const intents = await one.results.record({ ...charged(message), chargeId: 'ch-2' })
    assert.deepEqual(
      intents.map(({ effect }) => effect),
      ['refund'],
    )
  })

  it('repeats the charge of a redelivery whose first delivery is unclaimed', async () => {
    const { reactor, results } = startProcess()
    const message = created(randomUUID())
    await reactor.react(message)
    const { result, effects } = await reactor.react({ ...message, redelivered: true })
    assert.deepEqual([result, effects.length], ['processed', 1])
    await results.record({ ...charged(message), chargeId: 'ch-3' })
    const events = 'payment.completed'
    assert.deepEqual(await stored(message.orderId), { status: 'charged', version: 2, attempts: 0, events })
  })
})
