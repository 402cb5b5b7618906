// needs: system
// slow: every event of the system is replayed after its retention
import assert from 'node:assert/strict'
import { type EventName, type ServiceName, services, deadLetterQueue } from '@order-saga/contracts'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import { Capture } from '../support/capture.ts'
import type { CapturedEvent } from '../support/captured-event.ts'
import { type Store, stores } from '../support/databases.ts'
import { decliningLedger, flows } from '../support/flows.ts'
import { requestsFor } from '../support/ledger.ts'
import { allRoutes } from '../support/network.ts'
import { OrderStream } from '../support/order-stream.ts'
import { saga } from '../support/saga.ts'
import { someSku } from '../support/shop.ts'
import { System } from '../support/system.ts'
import { rowsOf } from '../support/traces.ts'

const changeCounts = ['version', 'updated_at']
const retentionMs = 1_000
const env = { OUTBOX_RETENTION_MS: retentionMs, INBOX_RETENTION_MS: retentionMs }
const retention = { outboxRetentionMs: retentionMs, inboxRetentionMs: retentionMs }

/** Events of which a copy may produce another event: every refund request gets a reply. */
const answered: readonly EventName[] = ['payment.refund.requested']

describe('A message replayed after its id was removed from the inbox', function () {
  this.timeout(120_000)
  let system: System
  let provider: Provider
  let mailServer: MailServer
  let capture: Capture
  const events: CapturedEvent[] = []

  before(async () => {
    const ledger = decliningLedger()
    ;[provider, mailServer] = await Promise.all([startProvider({ ledger }), startMailServer()])
    system = await System.start({ env, provider, mailServer })
    capture = await Capture.start(system.broker)
    for (const { wanted } of flows) await system.untilFinal((await system.shop.post(wanted())).sagaId)
    await system.settle()
    events.push(...capture.events)
  })
  after(async () => {
    await capture.stop()
    await system.stop()
    await Promise.all([provider.stop(), mailServer.stop()])
  })

  /** Waits for the services' own clean-up. */
  async function forgotten(): Promise<void> {
    await system.until('outboxes and inboxes to be empty', async () => (await rowsIn(system)).total === 0)
  }

  async function processed(service: ServiceName, name: string): Promise<number> {
    const queue = system.broker.queueOf(service)
    return (await system.metrics(service)).sum('event_consumed_total', { queue, event: name })
  }

  async function state(): Promise<unknown> {
    const orderIds = [...new Set(events.map(({ orderId }) => orderId))]
    const rows = await Promise.all(orderIds.map((orderId) => rowsOf(system, orderId)))
    // An answer given once more counts as a change of the payment, though nothing of it changes.
    const withoutCounts = JSON.stringify(rows, (key, value: unknown) =>
      changeCounts.includes(key) ? undefined : value,
    )
    return {
      rows: JSON.parse(withoutCounts) as unknown,
      requests: orderIds.map((orderId) => requestsFor(provider, orderId)),
    }
  }

  it('can be any event of the system', () => {
    const published = new Set<string>(events.map(({ name }) => name))
    assert.deepEqual(
      allRoutes.filter(({ name }) => !published.has(name)),
      [],
    )
  })

  for (const { name, to } of allRoutes) {
    it(`has no effect: the state rejects ${name} at ${to}`, async () => {
      await forgotten()
      const before = await state()
      const seen = capture.events.length
      const copies = events.filter((event) => event.name === name)
      const handled = await processed(to, name)
      for (const { content, options } of copies) {
        const headers = {
          ...(options.headers as object),
          reason: 'found in a drawer',
          queue: system.broker.queueOf(to),
        }
        await system.broker.send(deadLetterQueue(system.broker.queueOf(to)), {
          content,
          options: { ...options, type: name, headers },
        })
      }
      const foreseen = await saga(system, 'dead-letters', 'replay', '--queue', to, '--dry-run')
      const expected = to === 'notification' ? 'unknown' : answered.includes(name) ? 'would_change' : 'already_final'
      assert.deepEqual(
        foreseen.items.map(({ outcome }) => outcome),
        copies.map(() => expected),
      )
      const { exitCode, summary } = await saga(system, 'dead-letters', 'replay', '--queue', to, '--reason', 'test')
      assert.deepEqual([exitCode, summary['replayed']], [0, copies.length])
      await system.until(`${to} to handle ${name}`, async () => (await processed(to, name)) === handled + copies.length)
      await system.settle()
      assert.deepEqual(await state(), before)
      assert.deepEqual(await system.broker.depths(), {})
      const answers = capture.events.slice(seen).map((event) => event.name)
      assert.deepEqual(answers, answered.includes(name) ? copies.map(() => 'payment.refunded') : [])
      await system.assertClean(retention)
    })
  }
})

describe('Under a stream of orders, outbox and inbox', function () {
  this.timeout(180_000)
  let system: System
  let stream: OrderStream | undefined
  const perSecond = 20
  const orders = 400

  before(async () => {
    system = await System.start({ env })
  })
  after(async () => {
    stream?.abandon()
    await system.stop()
  })

  it('stay bounded by the retention, while a multiple of it passes through them', async () => {
    const sku = someSku()
    await system.shop.putStock(sku, 100_000)
    stream = new OrderStream({ shop: system.shop, perSecond, sku, repeat: 'until accepted' })
    const most = { total: 0, seen: {} as Record<string, number> }
    const begun = Date.now()
    await system.until(
      `${orders} orders`,
      async () => {
        const { total, byTable } = await rowsIn(system)
        if (total > most.total) Object.assign(most, { total, seen: byTable })
        return (stream?.accepted.length ?? 0) >= orders
      },
      120_000,
    )
    const tookMs = Date.now() - begun
    await stream.stop()
    await system.settle()
    const passed = await passedThrough(system)
    // Rows of one retention and one clean-up interval, doubled for load on the machine.
    const bound = (passed * 4 * retentionMs) / tookMs
    const text = `at most ${most.total} rows at once of ${passed} in ${tookMs} ms: ${JSON.stringify(most.seen)}`
    assert(most.total <= bound, text)
    assert(passed > 3 * most.total, text)
    await system.until('all to be forgotten', async () => (await rowsIn(system)).total === 0)
    await system.assertClean(retention)
  })
})

const counting = `SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM processed_events) AS processed`

async function rowsIn(system: System): Promise<{ total: number; byTable: Record<string, number> }> {
  const counts = await Promise.all(
    stores.map(async (store: Store) => {
      const [row] = await system.sql<{ events: number; processed: number }>(store, counting)
      return [
        [`${store} outbox`, row?.events ?? 0],
        [`${store} inbox`, row?.processed ?? 0],
      ] as const
    }),
  )
  const byTable = Object.fromEntries(counts.flat())
  return { total: Object.values(byTable).reduce((sum, count) => sum + count, 0), byTable }
}

/** How many rows the six tables have ever had, by the services' own counters. */
async function passedThrough(system: System): Promise<number> {
  let rows = 0
  for (const service of services) {
    const metrics = await system.metrics(service)
    if (service === 'notification') continue
    rows += metrics.sum('outbox_published_total', {}) + metrics.sum('event_consumed_total', { result: 'processed' })
  }
  return rows
}
