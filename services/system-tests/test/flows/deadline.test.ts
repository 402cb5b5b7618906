import assert from 'node:assert/strict'
import { waitUntil } from '@order-saga/local'
import { type Provider, startProvider } from '../../../payment/test/gateway/provider.ts'
import { ledgerOf, providerSettings } from '../../harness/provider-settings.ts'
import { RunningSystem } from '../../harness/running-system.ts'

const timeout = { status: 'timeout_cancelled', reason: 'timeout' } as const

describe('an order that is not done by its deadline', function () {
  this.timeout(120_000)
  let system: RunningSystem
  let provider: Provider

  before(async () => {
    provider = await startProvider()
    const env = { SAGA_TIMEOUT_MS: '1500', REFUND_RETRY_MS: '300' }
    system = await RunningSystem.start({ env, envOf: { payment: providerSettings(provider, 4_000) } })
  })
  after(async () => {
    await system?.stop()
    await provider.stop()
  })
  afterEach(async () => {
    provider.behave()
    await system.assertClean({ gateway: ledgerOf(provider) })
  })

  it('is cancelled while payment is away, and never charged when it is back', async () => {
    await system.services.payment.stop()
    const { sagaId, orderId } = await system.order()
    await system.sagaBecomes(sagaId, { ...timeout, compensation: 'none' })
    system.services.payment.start()
    await system.settle()
    assert.equal(provider.ledger.takenFor(orderId), '0')
    assert.deepEqual(
      await system.sql('payment', 'SELECT status, reason FROM payment_transactions WHERE order_id = $1', [orderId]),
      [{ status: 'cancelled', reason: 'order_cancelled' }],
    )
    await system.sagaBecomes(sagaId, { ...timeout, compensation: 'none' })
  })

  it('is refunded once when the charge comes too late', async () => {
    provider.misbehave({ operation: 'charge', times: 1 }, { delayMs: 2_500 })
    const { sagaId, orderId } = await system.order()
    await system.sagaBecomes(sagaId, { ...timeout, compensation: 'refunded' })
    assert.equal(provider.ledger.takenFor(orderId), '12.50')
    assert.equal(provider.ledger.givenBackFor(orderId), '12.50')
    assert.equal(
      provider.ledger.refunds.filter(({ idempotency_key }) => idempotency_key === `refund:${orderId}`).length,
      1,
    )
  })

  it('is refunded once when the provider charged and its answer was lost until after the deadline', async () => {
    const hidden = provider.misbehave({}, { answer: { status: 503 } })
    const { sagaId, orderId } = await system.order()
    await system.sagaBecomes(sagaId, { ...timeout, compensation: 'none' })
    hidden.lift()
    await system.sagaBecomes(sagaId, { ...timeout, compensation: 'refunded' })
    assert.equal(provider.ledger.takenFor(orderId), '12.50')
    assert.equal(provider.ledger.givenBackFor(orderId), '12.50')
  })

  it('gives up a reservation that comes too late', async () => {
    await system.putStock('SLOW-SHELF', 10)
    await system.services.inventory.stop()
    const { sagaId, orderId } = await system.order({ items: [{ sku: 'SLOW-SHELF', qty: 4 }] })
    await system.sagaBecomes(sagaId, { ...timeout, compensation: 'refunded' })
    system.services.inventory.start()
    await system.services.inventory.ready()
    await system.settle()
    assert.deepEqual(await system.stock('SLOW-SHELF'), { sku: 'SLOW-SHELF', available: 10, reserved: 0 })
    assert.equal(provider.ledger.givenBackFor(orderId), '12.50')
  })

  it('has its refund asked for again while it is overdue, and is paid back once', async () => {
    const refused = provider.misbehave({ operation: 'refund' }, { answer: { status: 500 }, takesEffect: false })
    const { sagaId, orderId } = await system.order({ items: [{ sku: 'SIM-NONE', qty: 1 }] })
    await waitUntil(
      async () => {
        const { history } = await system.saga(sagaId)
        return history.filter(({ event }) => event === 'payment.refund.requested').length >= 3
      },
      { what: 'three requests for the refund', limitMs: 15_000 },
    )
    refused.lift()
    const saga = await system.sagaBecomes(sagaId, {
      status: 'cancelled',
      reason: 'compensation',
      compensation: 'refunded',
    })
    const asked = saga.history.filter(({ event }) => event === 'payment.refund.requested').map(({ eventId }) => eventId)
    assert.equal(new Set(asked).size, asked.length, 'each request is an event of its own')
    assert.equal(
      provider.ledger.refunds.filter(({ idempotency_key }) => idempotency_key === `refund:${orderId}`).length,
      1,
    )
  })
})

describe('an order whose deadline payment sees first', function () {
  this.timeout(120_000)
  let system: RunningSystem

  before(async () => {
    system = await RunningSystem.start({ env: { SAGA_TIMEOUT_MS: '500', TIMEOUT_CHECK_INTERVAL_MS: '600000' } })
  })
  after(() => system?.stop())
  afterEach(() => system.assertClean())

  it('ends as if the deadline check had been first', async () => {
    system.services.payment.pause()
    const { sagaId } = await system.order()
    await waitUntil(async () => Date.parse((await system.saga(sagaId)).history[0]?.at ?? '') + 600 < Date.now(), {
      what: 'the deadline to pass',
      limitMs: 10_000,
    })
    system.services.payment.resume()
    const saga = await system.sagaBecomes(sagaId, { ...timeout, compensation: 'none' })
    assert.deepEqual(
      saga.history.map(({ event }) => event),
      ['order.created', 'payment.failed', 'order.cancelled'],
    )
  })
})
