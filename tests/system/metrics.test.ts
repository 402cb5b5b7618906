// needs: system
import assert from 'node:assert/strict'
import { services } from '@order-saga/contracts'
import { differences, documentedMetrics, exportedMetrics } from '@order-saga/monitoring'
import { call } from '../support/call.ts'
import { Metrics } from '../support/metrics.ts'
import { someCustomer } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

describe('The metrics of running services', function () {
  this.timeout(120_000)
  const system = useSystem()

  async function place(order: { customerEmail?: string; sku?: string } = {}): Promise<void> {
    const { customerEmail = someCustomer(), sku = 'SKU-1' } = order
    const { sagaId } = await system().shop.post({ customerEmail, items: [{ sku, qty: 1 }], amount: 10 })
    await system().untilFinal(sagaId)
  }

  const textOf = async (url: string): Promise<string> => String((await call(`${url}/metrics`)).body)

  before(async () => {
    await place()
    await place({ sku: 'SIM-NONE' })
    await place({ customerEmail: 'decline@example.com' })
    await system().shop.stock('SKU-1')
    await system().settle()
  })

  it('are those of docs/metrics.md, no more and no fewer', async () => {
    for (const service of services) {
      // The gauges that come from the database appear with their first reading.
      const measured = async (): Promise<false | string> => {
        const text = await textOf(system().services[service].opsUrl)
        return (service === 'notification' || /^outbox_pending_events /m.test(text)) && text
      }
      const text = await system().until(`${service} to have read its gauges`, measured)
      assert.deepEqual(differences(service, exportedMetrics(text), documentedMetrics()), [])
    }
  })

  it('have a sample from the start for every known label value', async () => {
    const text = await textOf(system().services.order.opsUrl)
    for (const sample of [
      'saga_finished_total{outcome="timeout"} 0',
      /event_consumed_total\{queue="[^"]+",event="unknown",result="dead_lettered"\} 0/,
      'outbox_published_total{event="payment.refund.requested"} 1',
    ]) {
      assert.ok(typeof sample === 'string' ? text.includes(sample) : sample.test(text), String(sample))
    }
  })

  it('agree with the database in every pod and after a restart, also about a saga past its deadline', async () => {
    await system().services.payment.stop()
    await system().restart('order', { TIMEOUT_CHECK_INTERVAL_MS: 60_000 })
    const pods = [system().services.order, await system().addReplica('order')]
    const { sagaId } = await system().shop.post({
      customerEmail: someCustomer(),
      items: [{ sku: 'SKU-1', qty: 1 }],
      amount: 10,
    })
    const counted = async (what: string, holds: (metrics: Metrics) => boolean): Promise<void> => {
      const inAll = async (): Promise<boolean> =>
        (await Promise.all(pods.map(({ opsUrl }) => Metrics.read(opsUrl)))).every(holds)
      await system().until(what, inAll)
    }
    await counted('one open saga', (metrics) => {
      const open = metrics.sum('saga_open', { status: 'pending' })
      return open === 1 && metrics.sum('saga_oldest_open_seconds') > 0 && metrics.sum('saga_past_deadline') === 0
    })
    await system().sql('order', "UPDATE saga_instances SET timeout_at = now() - interval '1 s' WHERE saga_id = $1", [
      sagaId,
    ])
    await counted('it to be past its deadline', (metrics) => metrics.sum('saga_past_deadline') === 1)
    await system().restart('order', { TIMEOUT_CHECK_INTERVAL_MS: 250 })
    await system().untilStatus(sagaId, 'timeout_cancelled')
    await counted('it to be counted no more', (metrics) => metrics.sum('saga_past_deadline') === 0)
    await system().start('payment')
  })
})
