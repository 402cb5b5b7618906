import { waitUntil } from '@order-saga/dev'
import { isReady } from '../cluster.ts'
import { CommandFailed } from '../command.ts'
import { PostgresCluster } from '../postgres-cluster.ts'
import type { Shop } from '../shop.ts'
import type { Step } from '../suite.ts'

const limitMs = 180_000

interface Budget {
  readonly metadata: { readonly generation: number }
  readonly status: { readonly observedGeneration: number; readonly currentHealthy: number }
}

/** Evicts as `kubectl drain` does; resolves with false when a disruption budget refuses. */
async function evict(shop: Shop, pod: string): Promise<boolean> {
  const path = `/api/v1/namespaces/${shop.cluster.namespace}/pods/${pod}/eviction`
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod } }
  try {
    await shop.cluster.kubectl(['create', `--raw=${path}`, '--filename=-'], { input: JSON.stringify(eviction) })
    return true
  } catch (error) {
    if (error instanceof CommandFailed && error.output.includes("would violate the pod's disruption budget"))
      return false
    throw error
  }
}

async function setPolicy(shop: Shop, policy: string): Promise<void> {
  const patch = JSON.stringify({ spec: { unhealthyPodEvictionPolicy: policy } })
  await shop.cluster.kubectl(['patch', 'poddisruptionbudget', shop.nameOf('order'), '--type=merge', `--patch=${patch}`])
  await waitUntil(
    async () => {
      const { metadata, status } = await shop.cluster.get<Budget>('poddisruptionbudget', shop.nameOf('order'))
      return status.observedGeneration === metadata.generation && status.currentHealthy === 0
    },
    { what: 'the budget to be evaluated', limitMs: 30_000, intervalMs: 200 },
  )
}

/** While the order database does not respond, no pod of order is ready; a drain of their node must not wait for it. */
export function drainStep(shop: Shop): Step {
  return {
    name: 'a drain evicts pods whose database is unavailable',
    run: async () => {
      const database = new PostgresCluster(shop.cluster, shop.nameOf('order-db'), 'order_db')
      const servers = [await database.primary(), ...(await database.standbys())]
      const before = (await shop.pods('order')).map(({ metadata }) => metadata.name)
      for (const server of servers) await database.signal(server, 'STOP')
      try {
        await waitUntil(async () => !(await shop.pods('order')).some(isReady), {
          what: 'all pods of order to be unready',
          limitMs,
          intervalMs: 500,
        })
        // The default of Kubernetes, which the chart does not use.
        await setPolicy(shop, 'IfHealthyBudget')
        const [first = ''] = before
        if (await evict(shop, first)) throw new Error('A budget with the policy IfHealthyBudget did not refuse.')
        await setPolicy(shop, 'AlwaysAllow')
        for (const pod of before) {
          await waitUntil(() => evict(shop, pod), { what: `the eviction of ${pod}`, limitMs: 10_000, intervalMs: 500 })
        }
      } finally {
        for (const server of servers) await database.signal(server, 'CONT')
      }
      await waitUntil(
        async () => {
          const pods = await shop.pods('order')
          return (
            pods.length >= before.length && pods.every(isReady) && !pods.some((p) => before.includes(p.metadata.name))
          )
        },
        { what: 'the new pods of order', limitMs, intervalMs: 500 },
      )
      return `${before.length} unready pods evicted; with the policy IfHealthyBudget the eviction is refused`
    },
  }
}
