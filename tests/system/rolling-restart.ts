import assert from 'node:assert/strict'
import { type ServiceName, services } from '@order-saga/contracts'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import { decliningLedger } from '../support/flows.ts'
import { Metrics } from '../support/metrics.ts'
import { OpenConnections } from '../support/open-connections.ts'
import { OrderStream } from '../support/order-stream.ts'
import type { ServiceProcess } from '../support/service-process.ts'
import type { System } from '../support/system.ts'
import { someSku } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

/** Default of SHUTDOWN_TIMEOUT_MS. */
const graceMs = 25_000
const perSecond = 10

/** A system for a suite, and what replaces one of its services under orders: in time, without a repeated effect. */
export function useReplacement(): {
  readonly system: () => System
  readonly replace: (service: ServiceName) => Promise<void>
} {
  let provider: Provider
  let mailServer: MailServer
  let stream: OrderStream | undefined
  const connections = new OpenConnections(6)
  const sku = someSku()
  const system = useSystem(async () => {
    const ledger = decliningLedger()
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

  async function replace(service: ServiceName): Promise<void> {
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

  return { system, replace }
}
