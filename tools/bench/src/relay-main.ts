import { setTimeout as pause } from 'node:timers/promises'
import {
  Broker,
  createLog,
  createMetrics,
  Database,
  newEvent,
  type OutgoingEvent,
  Publisher,
  Relay,
  writeMessages,
} from '@order-saga/chassis'
import { OrderCreated, topologyOf } from '@order-saga/contracts'
import { waitUntil } from '@order-saga/dev'
import { v7 as newId } from 'uuid'
import { watchProgress } from './progress.ts'
import type { RelayPlan, RelayRates } from './relay-throughput.ts'

const plan = JSON.parse(process.argv[2] ?? '') as RelayPlan
/** V8 compiles the code before the measurement. */
const warmUpEvents = 5_000
const perTransaction = 500
const offerSize = 100
/** Above the relay's own limit of unconfirmed events, so that it never waits; low enough that no lease expires. */
const inFlightLimit = 3_000
const limitMs = 120_000

const log = createLog('relay', 'warn', process.stderr)
const metrics = createMetrics()
const topology = topologyOf({
  exchange: plan.name,
  queues: [{ service: 'payment', queue: plan.name, events: [OrderCreated] }],
  retryDelaysMs: [],
})
const database = new Database({ ...plan.database, poolMax: 10, applicationName: 'relay alone', log })
const broker = new Broker({
  url: plan.rabbitMqUrl,
  name: 'relay alone',
  topology,
  mode: 'declare',
  log,
  onFatal: (error) => {
    throw error
  },
})
const publisher = new Publisher(broker, log)

/** An event with ten articles: about 450 bytes. */
function someEvent(now: Date): OutgoingEvent {
  const payload = {
    customerEmail: 'somebody.with.a.name@customers.example.com',
    items: Array.from({ length: 10 }, (_, i) => ({ sku: `SKU-${1_000_000 + i}`, qty: 1 })),
    amount: '125.00',
    currency: 'USD',
    deadline: now.toISOString(),
  }
  return newEvent(OrderCreated, payload, { sagaId: newId(), orderId: newId() }, { eventId: newId(), now })
}

/** Inserts events like a service. Without a lease every relay may publish them at once. */
async function commit(count: number, leased: boolean): Promise<OutgoingEvent[]> {
  const committed: OutgoingEvent[] = []
  while (committed.length < count) {
    const now = new Date()
    const some = Array.from({ length: Math.min(perTransaction, count - committed.length) }, () => someEvent(now))
    await database.transaction(async (tx) => writeMessages(tx, { events: some, leased, now }))
    committed.push(...some)
  }
  return committed
}

const published = async (): Promise<number> =>
  (await metrics.outboxPublished.get()).values.reduce((sum, { value }) => sum + value, 0)

/** @returns events per second until all are published */
async function timed(count: number, relay: Relay, work: (before: number) => Promise<void>): Promise<number> {
  const before = await published()
  const begun = performance.now()
  try {
    await work(before)
    await watchProgress(published, { total: before + count, intervalMs: 5, limitMs })
    return (count * 1_000) / (performance.now() - begun)
  } finally {
    await relay.drain()
  }
}

function newRelay(): Relay {
  const options = { exchange: plan.name, pollIntervalMs: 1_000, parkAfterMs: 600_000 }
  return new Relay({ database, publisher, log, metrics, ...options })
}

async function fromTable(count: number): Promise<number> {
  await commit(count, false)
  const relay = newRelay()
  return await timed(count, relay, async () => relay.start())
}

/** The relay is not started, so it does not poll the table and publishes offered events only. */
async function fromMemory(count: number): Promise<number> {
  const events = await commit(count, true)
  const relay = newRelay()
  return await timed(count, relay, async (before) => {
    for (let offered = 0; offered < count;) {
      if (offered - ((await published()) - before) > inFlightLimit) {
        await pause(1)
        continue
      }
      // The relay leaves older events to the poll of the table.
      const createdAt = new Date()
      relay.offer(events.slice(offered, offered + offerSize).map((event) => ({ ...event, createdAt })))
      offered += offerSize
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
}

broker.start()
try {
  await waitUntil(() => broker.isReady, { what: 'the broker to be connected', limitMs: 30_000, intervalMs: 20 })
  await fromTable(warmUpEvents)
  await fromMemory(warmUpEvents)
  const rates: RelayRates = { fromTable: await fromTable(plan.events), fromMemory: await fromMemory(plan.events) }
  process.stdout.write(`${JSON.stringify(rates)}\n`)
} finally {
  const channel = await broker.connection?.createChannel()
  for (const { name } of topology.queues) await channel?.deleteQueue(name)
  await channel?.deleteExchange(plan.name)
  await publisher.close()
  await broker.close()
  await database.close()
}
