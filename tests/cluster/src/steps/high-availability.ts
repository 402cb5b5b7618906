import type { Shop } from '../shop.ts'
import type { Step } from '../suite.ts'
import { killUnderOrders } from './losses.ts'
import { drainStep } from './drain.ts'
import { expect } from './expect.ts'
import { quorumFailoverSteps } from './quorum-failover.ts'

/** With three instances of each server, a standby must take over before the killed instance restarts. */
export function highAvailabilitySteps(shop: Shop): readonly Step[] {
  return [
    ...(['order', 'payment', 'inventory'] as const).map((store) => ({
      name: `the ${store} database fails over`,
      run: async () => {
        const before = await shop.primaryOf(store)
        expect(String((await shop.databasePods(store)).length), '3', `the instances of the ${store} database`)
        const result = await killUnderOrders(shop, async () => before)
        return `${before} to ${await shop.primaryOf(store)}; ${result}`
      },
    })),
    ...[0, 1, 2].map((node) => ({
      name: `RabbitMQ's node ${node} is killed`,
      run: () => killUnderOrders(shop, async () => shop.nameOf(`rabbitmq-${node}`)),
    })),
    { name: 'audit after the failovers', run: () => shop.audit() },
    drainStep(shop),
    ...quorumFailoverSteps(shop),
  ]
}
