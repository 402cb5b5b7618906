import { type CheckedQuery, checkQueries, failures, summarize } from '@order-saga/monitoring'
import { sendOrders } from '@order-saga/operations'
import { waitUntil } from '@order-saga/dev'
import { Cluster } from '../cluster.ts'
import { PortForward } from '../port-forward.ts'
import type { Shop } from '../shop.ts'
import type { Step } from '../suite.ts'

/** As kube-prometheus-stack and the Prometheus operator make it for every Prometheus. */
const prometheus = { namespace: 'monitoring', service: 'service/prometheus-operated', port: 9090 }
const ordersAtATime = 24
const limitMs = 240_000

/**
 * While orders go through all flows, every query of every panel and alert is run against the cluster's Prometheus: none
 * may be refused, and none may find nothing unless it is declared beside the panel or alert.
 */
export function watchSteps(shop: Shop): readonly Step[] {
  return [
    {
      name: 'dashboards and alerts find their metrics',
      run: async () => {
        const orderUrl = await shop.orderUrl()
        const forward = await PortForward.open(new Cluster(prometheus.namespace), prometheus.service, prometheus.port)
        let wrong: readonly string[] = ['Prometheus has not been asked yet.']
        try {
          return await waitUntil(
            async () => {
              await sendOrders(orderUrl, ordersAtATime)
              const checked = await asked(forward.url, shop)
              wrong = Array.isArray(checked) ? failures(checked) : [checked.message]
              return Array.isArray(checked) && wrong.length === 0 && summarize(checked)
            },
            { what: 'an answer to every query', limitMs, intervalMs: 2_000, state: () => wrong.join('\n') },
          )
        } finally {
          await forward.close()
        }
      },
    },
  ]
}

/** The rules are loaded, and the first samples there, some scrapes after the installation. */
async function asked(prometheusUrl: string, { cluster, release }: Shop): Promise<CheckedQuery[] | Error> {
  return await checkQueries({ prometheusUrl, namespace: cluster.namespace, release: release.name }).catch(
    (error: unknown) => error as Error,
  )
}
