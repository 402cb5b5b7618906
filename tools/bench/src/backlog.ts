import { Agent } from 'node:http'
import { countOf } from './costs.ts'
import { rateBetween, watchProgress } from './progress.ts'
import type { Stage } from './stage.ts'

export interface BacklogResult {
  readonly orders: number
  /** Orders per second that were accepted while payment was away. */
  readonly accepted: number
  /** Sagas per second that came to their end once it was back. */
  readonly workedOff: number
}

const clients = 64
const lookMs = 250
/** Of the first of them the payment service, which has just started, learns its work. */
const countedFrom = 0.1
/** A system that is slower than this has not worked the backlog off, but broken down. */
const leastPerSecond = 20

/** Lets orders pile up while payment is away, and measures how fast the system works them off when it is back. */
export async function workOffBacklog({ system, sku, processes, say }: Stage, orders: number): Promise<BacklogResult> {
  say(`a backlog of ${orders.toLocaleString('en')} orders, put in while payment is away`)
  await system.services.payment.stop()
  const begun = performance.now()
  await accept(system.shop, sku, orders)
  const accepted = (orders * 1_000) / (performance.now() - begun)
  say(`the backlog is worked off`)
  const order = processes.filter(({ service }) => service === 'order')
  const ended = (): Promise<number> => countOf(order, 'saga_finished_total')
  const before = await ended()
  await system.start('payment')
  const limitMs = 60_000 + (orders * 1_000) / leastPerSecond
  const samples = await watchProgress(async () => (await ended()) - before, {
    total: orders,
    intervalMs: lookMs,
    limitMs,
  })
  return { orders, accepted, workedOff: rateBetween(samples, orders, countedFrom) }
}

async function accept(shop: Stage['system']['shop'], sku: string, orders: number): Promise<void> {
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
    // When one was refused, the other clients have nothing left to do either.
    left = 0
    agent.destroy()
  }
}
