// needs: system
import assert from 'node:assert/strict'
import { services } from '@order-saga/contracts'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import { ProviderLedger } from '../support/provider/provider-ledger.ts'
import { call } from '../support/call.ts'
import { declinedAmount } from '../support/flows.ts'
import { Metrics } from '../support/metrics.ts'
import { OpenConnections } from '../support/open-connections.ts'
import { OrderStream } from '../support/order-stream.ts'
import { RawClient } from '../support/raw-client.ts'
import type { ServiceProcess } from '../support/service-process.ts'
import { someSku } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

/** Default of SHUTDOWN_TIMEOUT_MS. */
const graceMs = 25_000
const perSecond = 10

describe('A service that receives SIGTERM under load', function () {
  this.timeout(180_000)
  let provider: Provider
  let mailServer: MailServer
  let stream: OrderStream | undefined
  const connections = new OpenConnections(6)
  const sku = someSku()
  const system = useSystem(async () => {
    const ledger = new ProviderLedger(({ amount }) => Number(amount) === declinedAmount)
    ;[provider, mailServer] = await Promise.all([startProvider({ ledger }), startMailServer()])
    return { provider, mailServer }
  })
  before(async () => {
    await system().shop.putStock(sku, 100_000)
    provider.misbehave({ operation: 'charge' }, { delayMs: 50 })
  })
  afterEach(() => stream?.abandon())
  after(async () => {
    connections.close()
    await Promise.all([provider.stop(), mailServer.stop()])
  })

  for (const service of services) {
    it(`${service} is replaced in time under orders, without a failed request or a repeated effect`, async () => {
      const { agent } = connections
      const main = system().services[service]
      const others = services.filter((other) => other !== service).map((other) => system().services[other])
      const orders = new OrderStream({ shop: system().shop, perSecond, sku, repeat: 'when refused', agent })
      stream = orders
      const before = await repetitionsAt(others)
      await moreOrders(orders)
      // As in a rolling update: a new process is ready and gets the new connections, then the old one gets SIGTERM.
      const replica = await system().addReplica(service)
      if (service === 'order') connections.divert(replica.port)
      await endsInTime(main)
      await moreOrders(orders)
      await system().start(service)
      connections.divert(undefined)
      const atReplica = await repetitionsAt([replica])
      await endsInTime(replica)
      await moreOrders(orders)
      await orders.stop()
      await system().settle()
      assert.deepEqual(orders.errors, [])
      const after = await repetitionsAt([...others, main])
      assert.equal(after.handled + atReplica.handled - before.handled, 0, 'events were handled twice')
      // Prefetched deliveries and charges that had not begun are redelivered once, to the next process.
      const redelivered = after.delivered + atReplica.delivered - before.delivered
      assert(redelivered <= 2 * perSecond, `${redelivered} deliveries were repeated for two stops`)
      const mails = mailServer.received.map(({ messageId }) => messageId)
      assert.equal(new Set(mails).size, mails.length)
    })
  }

  async function moreOrders({ accepted }: OrderStream): Promise<void> {
    const target = accepted.length + 10
    await system().until('more orders', () => accepted.length >= target)
  }

  /** Deliveries that these processes got after somebody else had had them, and those that had had their effect. */
  async function repetitionsAt(
    processes: readonly ServiceProcess[],
  ): Promise<{ readonly delivered: number; readonly handled: number }> {
    const metrics = await Promise.all(processes.map(({ opsUrl }) => Metrics.read(opsUrl)))
    const sum = (metric: string, labels = {}): number =>
      metrics.reduce((all, each) => all + each.sum(metric, labels), 0)
    return {
      delivered: sum('event_redelivered_total'),
      handled: sum('event_consumed_total', { result: 'duplicate' }),
    }
  }

  async function endsInTime(process: ServiceProcess): Promise<void> {
    const from = performance.now()
    await process.stop()
    const tookMs = Math.round(performance.now() - from)
    assert(tookMs < graceMs, `${process.service} took ${tookMs} ms to end`)
  }

  it('order answers a request that it has read in part, and one on a connection that was idle', async () => {
    const [half, idle] = [new RawClient(system().shop.port), new RawClient(system().shop.port)]
    const body = JSON.stringify({ customerEmail: 'half@example.com', items: [{ sku, qty: 1 }], amount: 10 })
    const headers = `Host: order\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`
    await half.send(`POST /orders HTTP/1.1\r\n${headers}`)
    await idle.send('GET /orders HTTP/1.1\r\nHost: order\r\n\r\n')
    await system().until('an answer', () => idle.received.includes('HTTP/1.1 200'))
    // A connection made later is answered: both that were made before have been taken.
    await system().shop.post()

    const { order } = system().services
    const stopped = order.stop()
    await idle.send('GET /orders?limit=1 HTTP/1.1\r\nHost: order\r\n\r\n')
    await system().until('order to end', async () => (await call(`${order.opsUrl}/readyz`)).status === 503)
    await half.send(`\r\n${body}`)
    await Promise.all([half.closed, idle.closed, stopped])
    assert.deepEqual([half.error, idle.error], [undefined, undefined])
    await system().start('order')
    assert.match(half.received, /^HTTP\/1\.1 202 .*\r\nconnection: close\r\n/is)
    assert.equal(idle.received.match(/HTTP\/1\.1 200 /g)?.length, 2)
  })
})
