import assert from 'node:assert/strict'
import { waitUntil } from '@order-saga/local'
import { type Provider, startProvider } from '../../../payment/test/gateway/provider.ts'
import { OrderStream } from '../../harness/order-stream.ts'
import { ledgerOf, providerSettings } from '../../harness/provider-settings.ts'
import { RunningSystem } from '../../harness/running-system.ts'

describe('an outage in mid-saga', function () {
  this.timeout(240_000)
  let system: RunningSystem
  let provider: Provider

  before(async () => {
    provider = await startProvider()
    system = await RunningSystem.start({ envOf: { payment: providerSettings(provider, 500) } })
  })
  after(async () => {
    await system?.stop()
    await provider.stop()
  })
  afterEach(async () => {
    provider.behave()
    await system.assertClean({ gateway: ledgerOf(provider) })
  })

  it('of the broker: orders are accepted meanwhile, and end when it is back', async () => {
    const stream = new OrderStream(system)
    await stream.more(10)
    await system.rabbitMq.kill()
    await stream.more(20)
    assert.equal(stream.refused.size, 0, `refused: ${JSON.stringify([...stream.refused])}`)
    await system.rabbitMq.restart()
    await stream.more(10)
    await stream.end()
    await system.settle(90_000)
  })

  it('of the database: orders are refused with 503 meanwhile, and what was accepted ends', async () => {
    const stream = new OrderStream(system)
    await stream.more(10)
    await system.postgres.kill()
    await waitUntil(() => (stream.refused.get(503) ?? 0) >= 5, {
      what: 'answers of 503',
      limitMs: 30_000,
      state: () => [...stream.refused],
    })
    const refused = await system.post()
    assert.equal(refused.status, 503)
    assert.ok(Number(refused.headers.get('retry-after')) > 0)
    await system.postgres.restart()
    await stream.more(10)
    await stream.end()
    assert.deepEqual([...stream.refused.keys()], [503])
    await system.settle(90_000)
  })

  it('of the provider, in every way it can fail: each order is charged once or not at all', async () => {
    provider.misbehave({ share: 0.15 }, { answer: { status: 500 }, takesEffect: false })
    provider.misbehave({ share: 0.15 }, { answer: { status: 500 } })
    provider.misbehave({ share: 0.15 }, { answer: 'cut' })
    provider.misbehave({ share: 0.1 }, { answer: 'hang' })
    const stream = new OrderStream(system)
    await stream.more(40)
    const accepted = await stream.end()
    await system.settle(90_000)
    for (const { orderId } of accepted) {
      const charges = provider.ledger.charges.filter(
        ({ reference, status }) => reference === orderId && status === 'succeeded',
      )
      assert.ok(charges.length <= 1, `${orderId} was charged ${charges.length} times`)
    }
  })

  it('of the provider altogether: charges are held, no attempt is counted, and they go through when it is back', async () => {
    const away = provider.misbehave({}, { answer: { status: 503 }, takesEffect: false })
    const retried = await system.services.payment.metric('event_consumed_total', 'retried')
    const orders = await Promise.all(Array.from({ length: 10 }, () => system.order()))
    await waitUntil(() => away.struck >= 5, { what: 'the provider to be asked', limitMs: 20_000 })
    away.lift()
    for (const { sagaId } of orders) await system.sagaBecomes(sagaId, { status: 'completed' }, 60_000)
    assert.equal(await system.services.payment.metric('event_consumed_total', 'retried'), retried)
  })
})
