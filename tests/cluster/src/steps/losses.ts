import { waitUntil } from '@order-saga/dev'
import { OrderStream } from '../order-stream.ts'
import type { Shop } from '../shop.ts'
import { seconds, type Step } from '../suite.ts'

const perSecond = 8
const ordersBefore = 25
const timeoutMs = 120_000

/** A pod is killed while orders come in; all that were accepted must be confirmed. */
export function lossSteps(shop: Shop): readonly Step[] {
  return [
    {
      name: 'RabbitMQ is killed under a stream of orders',
      run: () => killUnderOrders(shop, async () => shop.nameOf('rabbitmq-0')),
    },
    {
      name: "the order database's primary is killed",
      run: () => killUnderOrders(shop, () => shop.primaryOf('order')),
    },
    {
      name: "the payment database's primary is killed",
      run: () => killUnderOrders(shop, () => shop.primaryOf('payment')),
    },
    { name: 'audit after the losses', run: () => shop.audit() },
  ]
}

export async function killUnderOrders(shop: Shop, victim: () => Promise<string>): Promise<string> {
  const name = await victim()
  const stream = new OrderStream(await shop.orderUrl(), { perSecond, timeoutMs })
  try {
    await waitUntil(() => stream.posted >= ordersBefore, { what: 'the first orders', limitMs: timeoutMs })
    const podMs = await shop.killPod(name)
    const { sagas, longestWaitMs, longestSagaMs, longestSilenceMs } = await stream.finish('completed')
    return [
      `${sagas.length} orders, none lost, all confirmed`,
      `none confirmed for ${seconds(longestSilenceMs)}`,
      `slowest answer ${seconds(longestWaitMs)}`,
      `slowest saga ${seconds(longestSagaMs)}`,
      `${name} ready again after ${seconds(podMs)}`,
    ].join('; ')
  } finally {
    stream.pause()
  }
}
