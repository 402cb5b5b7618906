import assert from 'node:assert/strict'
import { services } from '@order-saga/contracts'
import { waitUntil } from '@order-saga/local'
import { type Provider, startProvider } from '../../../payment/test/gateway/provider.ts'
import { OrderStream } from '../../harness/order-stream.ts'
import { ledgerOf, providerSettings } from '../../harness/provider-settings.ts'
import { RunningSystem } from '../../harness/running-system.ts'

describe('a service that is killed', function () {
  this.timeout(180_000)
  let system: RunningSystem
  let provider: Provider

  before(async () => {
    provider = await startProvider()
    system = await RunningSystem.start({ envOf: { payment: providerSettings(provider, 8_000) } })
  })
  after(async () => {
    await system?.stop()
    await provider.stop()
  })
  afterEach(async () => {
    provider.behave()
    await system.assertClean({ gateway: ledgerOf(provider) })
  })

  /** While the broker blocks publishers, what is committed cannot be published; deliveries and acks go on. */
  async function whilePublishingIsBlocked(work: () => Promise<void>): Promise<void> {
    await system.rabbitMq.ctl('set_vm_memory_high_watermark', '0.00001')
    try {
      await work()
    } finally {
      await system.rabbitMq.ctl('set_vm_memory_high_watermark', '0.6')
    }
  }

  it('between the commit and the publish of an accepted order: the order goes on', async () => {
    let sagaId = ''
    await whilePublishingIsBlocked(async () => {
      sagaId = (await system.order()).sagaId
      await system.services.order.kill()
    })
    system.services.order.start()
    await system.services.order.ready()
    await system.sagaBecomes(sagaId, { status: 'completed' }, 30_000)
  })

  for (const service of ['payment', 'inventory'] as const) {
    it(`between the commit and the publish of its event (${service}): the event goes out after all`, async () => {
      const process = system.services[service]
      process.pause()
      const { sagaId, orderId } = await system.order()
      await waitUntil(
        () =>
          system.broker.captured.some(
            ({ name, body }) =>
              body.orderId === orderId && name === (service === 'payment' ? 'order.created' : 'payment.completed'),
          ),
        {
          what: `the event ${service} waits for`,
          limitMs: 20_000,
        },
      )
      await whilePublishingIsBlocked(async () => {
        process.resume()
        await waitUntil(
          async () =>
            (await system.sql(service, 'SELECT 1 FROM events WHERE order_id = $1 AND published_at IS NULL', [orderId]))
              .length > 0,
          {
            what: `an unpublished event of ${service}`,
            limitMs: 20_000,
          },
        )
        await process.kill()
      })
      process.start()
      await process.ready()
      await system.sagaBecomes(sagaId, { status: 'completed' }, 30_000)
    })
  }

  it('after the provider charged and before the result is recorded: the order is charged once', async () => {
    const slow = provider.misbehave({ operation: 'charge' }, { delayMs: 6_000 })
    const { sagaId, orderId } = await system.order()
    await waitUntil(() => provider.ledger.takenFor(orderId) === '12.50', { what: 'the charge', limitMs: 20_000 })
    await system.services.payment.kill()
    slow.lift()
    system.services.payment.start()
    await system.sagaBecomes(sagaId, { status: 'completed' }, 30_000)
    assert.equal(provider.ledger.charges.filter(({ reference }) => reference === orderId).length, 1)
  })

  it('after the provider refunded and before the result is recorded: the order is refunded once', async () => {
    const slow = provider.misbehave({ operation: 'refund' }, { delayMs: 6_000 })
    const { sagaId, orderId } = await system.order({ items: [{ sku: 'SIM-NONE', qty: 1 }] })
    await waitUntil(() => provider.ledger.givenBackFor(orderId) === '12.50', { what: 'the refund', limitMs: 20_000 })
    await system.services.payment.kill()
    slow.lift()
    // The first look at an intent comes when its own time limit is over.
    system.services.payment.start({ PAYMENT_GATEWAY_TIMEOUT_MS: '1000' })
    await system.sagaBecomes(sagaId, { status: 'cancelled', compensation: 'refunded' }, 45_000)
    assert.equal(
      provider.ledger.refunds.filter(({ idempotency_key }) => idempotency_key === `refund:${orderId}`).length,
      1,
    )
  })

  for (const service of services) {
    it(`again and again under a stream of orders (${service}): every order ends, nothing is owed`, async () => {
      const stream = new OrderStream(system)
      for (let round = 0; round < 3; round += 1) {
        await stream.more(5)
        await system.services[service].kill()
        system.services[service].start()
        await system.services[service].ready()
      }
      await stream.more(5)
      const accepted = await stream.end()
      await system.settle(60_000)
      assert.ok(accepted.length >= 20)
      assert.deepEqual(
        [...stream.refused.keys()].filter((status) => status !== 0 && status !== 503),
        [],
      )
      if (service !== 'order') assert.equal(stream.refused.size, 0, JSON.stringify([...stream.refused]))
    })
  }
})
