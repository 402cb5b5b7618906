import { OrderStream } from '../order-stream.ts'
import type { Shop } from '../shop.ts'
import { seconds } from '../suite.ts'

const perSecond = 4
const timeoutMs = 60_000

/**
 * Runs work while orders are placed.
 * @returns the note of the work, and how the orders fared
 * @throws Error when an order was not accepted, was lost, or was not confirmed
 */
export async function underOrders(shop: Shop, work: () => Promise<string>): Promise<string> {
  const stream = new OrderStream(await shop.orderUrl(), { perSecond, timeoutMs })
  const note = await work().finally(() => stream.pause())
  const { sagas, longestWaitMs } = await stream.finish('completed')
  return `${note}; ${sagas.length} orders meanwhile, all confirmed, the slowest accepted in ${seconds(longestWaitMs)}`
}
