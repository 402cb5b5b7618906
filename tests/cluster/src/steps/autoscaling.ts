import { randomUUID } from 'node:crypto'
import pMap from 'p-map'
import { followSagas, OrderClient } from '@order-saga/operations'
import { waitUntil } from '@order-saga/dev'
import type { Shop } from '../shop.ts'
import { seconds, type Step } from '../suite.ts'

const orders = 500
const timeoutMs = 300_000
const scaleLimitMs = 180_000

export interface AutoscalingOptions {
  readonly title: string
  readonly maxReplicas: number
}

/** Payment is slow and gets more load than one pod can process: it must scale out, drain the backlog, and scale in. */
export function autoscalingSteps(shop: Shop, { title, maxReplicas }: AutoscalingOptions): readonly Step[] {
  return [
    {
      name: `${title}: payment slowed`,
      essential: true,
      run: async () => {
        const autoscaling = { minReplicas: 1, maxReplicas }
        const { revision } = await shop.upgrade({
          // Scales in without the stabilisation window of minutes.
          autoscaling: { behavior: { scaleDownWindowSeconds: 15, scaleDownPeriodSeconds: 15 } },
          services: {
            order: { env: { SAGA_TIMEOUT_MS: '900000', TIMEOUT_CHECK_INTERVAL_MS: '1000' } },
            payment: { env: { PAYMENT_PROCESSING_MS: '1000', PAYMENT_CONCURRENCY: '3' }, autoscaling },
          },
        })
        await replicasReach(shop, (replicas) => replicas === 1)
        return `revision ${revision}: 3 charges a second per pod`
      },
    },
    {
      name: `${title}: ${orders} orders, pods from 1 to ${maxReplicas} to 1`,
      run: async () => {
        const client = new OrderClient(await shop.orderUrl())
        const order = { customerEmail: 'crowd@example.com', items: [{ sku: 'CROWD', qty: 1 }], amount: 12.5 }
        const begun = performance.now()
        const keys = Array.from({ length: orders }, () => randomUUID())
        const accepted = await pMap(keys, (key) => client.place(order, key, timeoutMs), { concurrency: 16 })
        const postedMs = performance.now() - begun
        const upMs = replicasReach(shop, (replicas) => replicas === maxReplicas).then(() => performance.now() - begun)
        const sagas = await followSagas(client, accepted, { timeoutMs })
        const drainedMs = performance.now() - begun
        const unconfirmed = sagas.filter((saga) => saga?.status !== 'completed').length
        if (unconfirmed > 0) throw new Error(`${unconfirmed} of ${orders} orders are not confirmed.`)
        const results = [
          `posted in ${seconds(postedMs)}`,
          `${maxReplicas} pods after ${seconds(await upMs)}`,
          `all confirmed after ${seconds(drainedMs)}`,
        ]
        await replicasReach(shop, (replicas) => replicas === 1)
        return [...results, `1 pod after ${seconds(performance.now() - begun)}`].join(', ')
      },
    },
    { name: 'audit after autoscaling', run: () => shop.audit() },
  ]
}

/** Waits for the actual, not for the desired number of pods. */
async function replicasReach(shop: Shop, wanted: (replicas: number) => boolean): Promise<void> {
  let seen = 0
  await waitUntil(
    async () => {
      const { spec, status } = await shop.deployment('payment')
      seen = status.readyReplicas ?? 0
      return wanted(seen) && spec.replicas === seen && status.replicas === seen
    },
    { what: "payment's pods", limitMs: scaleLimitMs, intervalMs: 500, state: () => `${seen} are ready.` },
  )
}
