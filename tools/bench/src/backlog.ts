import { Agent } from 'node:http'
import { readCounter } from './costs.ts'
import { rateBetween, watchProgress } from './progress.ts'
import type { BenchEnvironment } from './bench-environment.ts'

export interface BacklogResult {
  readonly orders: number
  /** Accepted orders per second while payment was stopped. */
  readonly accepted: number
  /** Completed sagas per second after its start. */
  readonly workedOff: number
}

const clients = 64
const pollMs = 250
/** Excludes the first sagas, while V8 compiles the code of the restarted payment service. */
const warmUpRatio = 0.1
/** Sets the time limit: a lower rate counts as a failure. */
const minPerSecond = 20

/** Accepts orders while payment is stopped, and measures the rate at which the backlog is processed after its start. */
export async function measureBacklog(
  { system, sku, processes, say }: BenchEnvironment,
  orders: number,
): Promise<BacklogResult> {
  say(`a backlog of ${orders.toLocaleString('en')} orders, accepted while payment is stopped`)
  await system.services.payment.stop()
  const begun = performance.now()
  await accept(system.shop, sku, orders)
  const accepted = (orders * 1_000) / (performance.now() - begun)
  say('payment is started, the backlog is processed')
  const order = processes.filter(({ service }) => service === 'order')
  const completed = (): Promise<number> => readCounter(order, 'saga_finished_total')
  const before = await completed()
  await system.start('payment')
  const limitMs = 60_000 + (orders * 1_000) / minPerSecond
  const samples = await watchProgress(async () => (await completed()) - before, {
    total: orders,
    intervalMs: pollMs,
    limitMs,
  })
  return { orders, accepted, workedOff: rateBetween(samples, orders, warmUpRatio) }
}

async function accept(shop: BenchEnvironment['system']['shop'], sku: string, orders: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  let left = orders
  const client = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await shop.post({ items: [{ sku, qty: 1 }], customerEmail: 'load@example.com' }, { agent })
    }
  }
  try {
    await Promise.all(Array.from({ length: clients }, client))
  } finally {
    // After a failed POST the other clients stop too.
    left = 0
    agent.destroy()
  }
}
