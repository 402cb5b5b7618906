/**
 * Measures the cost of metrics: the CPU time to count one delivery and one published event, and to serve one scrape,
 * relative to the CPU time of the services per delivery. Requires a running system and its addresses (`make env`).
 */
import { randomUUID } from 'node:crypto'
import { createMetrics } from '@order-saga/chassis'
import { waitUntil } from '@order-saga/dev'
import { OrderClient } from '@order-saga/operations'
import pMap from 'p-map'

const orders = 4_000
/** High enough for large batches, where the cost per delivery is lowest. */
const concurrency = 64
const timeoutMs = 60_000
const counted = 200_000
const scrapes = 200
const scrapeIntervalMs = 15_000
const services = ['ORDER', 'PAYMENT', 'INVENTORY', 'NOTIFICATION']

const metrics = createMetrics()
const queues = ['order_queue', 'payment_queue', 'inventory_queue', 'notification_queue']
const events = ['order.created', 'payment.completed', 'inventory.reserved', 'order.confirmed', 'order.cancelled']

/** The metrics of consumer and relay for one delivery and one published event; most deliveries publish none. */
function count(i: number): void {
  const queue = queues[i % queues.length] ?? ''
  const event = events[i % events.length] ?? ''
  metrics.consumed.inc({ queue, event, result: 'processed' })
  metrics.handling.observe({ queue, event }, (i % 100) / 1000)
  metrics.delivery.observe({ queue, event }, (i % 300) / 1000)
  metrics.outboxPublished.inc({ event })
}

async function microseconds(times: number, work: (i: number) => unknown): Promise<number> {
  for (let i = 0; i < times / 4; i++) await work(i)
  const { user, system } = process.cpuUsage()
  for (let i = 0; i < times; i++) {
    const done = work(i)
    if (done instanceof Promise) await done
  }
  const since = process.cpuUsage({ user, system })
  return (since.user + since.system) / times
}

async function readUsage(): Promise<{ cpuSeconds: number; deliveries: number; mails: number }> {
  const texts = await Promise.all(
    services.map(async (service) => (await fetch(`${process.env[`${service}_OPS_URL`]}/metrics`)).text()),
  )
  const sum = (pattern: RegExp): number =>
    texts.flatMap((text) => [...text.matchAll(pattern)]).reduce((total, [, value]) => total + Number(value), 0)
  return {
    cpuSeconds: sum(/^process_cpu_seconds_total (\S+)$/gm),
    deliveries: sum(/^event_consumed_total\{.*result="processed"\} (\S+)$/gm),
    mails: sum(/^notifications_total\{.*result="sent"\} (\S+)$/gm),
  }
}

/** Resolves when the mails of all orders are sent. */
async function placeOrders(client: OrderClient): Promise<void> {
  const { mails } = await readUsage()
  const wanted = { customerEmail: 'bench@example.com', items: [{ sku: 'BENCH', qty: 1 }], amount: 12.5 }
  const keys = Array.from({ length: orders }, () => randomUUID())
  await pMap(keys, (key) => client.place(wanted, key, timeoutMs), { concurrency })
  const done = async (): Promise<boolean> => (await readUsage()).mails >= mails + orders
  await waitUntil(done, { what: 'the last mail', limitMs: timeoutMs, intervalMs: 250 })
}

const perDelivery = await microseconds(counted, count)
const perScrape = await microseconds(scrapes, () => metrics.registry.metrics())

const { ORDER_URL: orderUrl } = process.env
if (orderUrl === undefined) throw new Error('ORDER_URL is not set: start the system, then eval "$(make -s env)".')
const client = new OrderClient(orderUrl)
await placeOrders(client)
const before = await readUsage()
await placeOrders(client)
const after = await readUsage()

const deliveries = after.deliveries - before.deliveries
const cpuPerDelivery = ((after.cpuSeconds - before.cpuSeconds) * 1e6) / deliveries
const scraping = (perScrape / 1000 / scrapeIntervalMs) * 100

process.stdout.write(
  `${[
    `one delivery and an event it publishes: ${perDelivery.toFixed(2)} µs to count`,
    `one delivery in the running services:   ${cpuPerDelivery.toFixed(0)} µs of CPU (${deliveries} deliveries)`,
    `share of the metrics:                   ${((perDelivery / cpuPerDelivery) * 100).toFixed(2)} %`,
    `one scrape:                             ${(perScrape / 1000).toFixed(2)} ms, every 15 s ${scraping.toFixed(3)} % of a core`,
  ].join('\n')}\n`,
)
