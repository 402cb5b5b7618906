import { randomUUID } from 'node:crypto'
import pMap from 'p-map'
import { describe, type FlowName, flows, planFlows } from './flows.ts'
import { followSagas } from './follow-sagas.ts'
import { type Accepted, OrderClient } from './order-client.ts'

const concurrency = 4
const timeoutMs = 60_000

/**
 * Places orders of all flows and follows them to their final status.
 * @returns one line with a count per final status
 */
export async function sendOrders(orderUrl: string, count: number): Promise<readonly string[]> {
  const client = new OrderClient(orderUrl)
  const place = (name: FlowName): Promise<Accepted> => {
    const { customerEmail, extraSku } = flows[name]
    const order = { customerEmail, items: [{ sku: extraSku ?? 'SKU-1', qty: 1 }], amount: 19.5 }
    return client.place(order, randomUUID(), timeoutMs)
  }
  const accepted = await pMap(planFlows(count, false), place, { concurrency })
  const sagas = await followSagas(client, accepted, { timeoutMs })
  const ends = sagas.map((saga) => (saga === undefined ? 'unknown' : describe(saga)))
  return [...new Set(ends)].map((end) => `${String(ends.filter((other) => other === end).length).padStart(5)}  ${end}`)
}
