import { waitUntil } from '@order-saga/dev'
import { isReady, type Pod } from './cluster.ts'
import type { Service, Shop } from './shop.ts'

interface PodTemplateOwner {
  readonly spec: {
    readonly template: { readonly metadata: { readonly labels: Record<string, string> }; readonly spec: object }
  }
}

const services: readonly Service[] = ['order', 'payment', 'inventory', 'notification']
const label = 'order-saga-e2e/former'
const readyLimitMs = 180_000

/** One pod per service of the installed release, outside of it: no upgrade replaces them, and no Service selects them. */
export class FormerPods {
  readonly #shop: Shop

  constructor(shop: Shop) {
    this.#shop = shop
  }

  /** Resolves when all are ready. */
  async start(): Promise<void> {
    const { cluster } = this.#shop
    for (const service of services) {
      const { spec } = await cluster.get<PodTemplateOwner>('deployment', this.#shop.nameOf(service))
      const { 'app.kubernetes.io/component': _component, ...shared } = spec.template.metadata.labels
      // The network policies select the shared labels; Services and Deployments of the release select the component, too.
      const labels = { ...shared, [label]: service }
      await cluster.apply({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: `former-${service}`, namespace: cluster.namespace, labels },
        spec: {
          replicas: 1,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: spec.template.spec },
        },
      })
    }
    await waitUntil(async () => (await this.#pods()).filter(isReady).length === services.length, {
      what: 'the pods outside of the release',
      limitMs: readyLimitMs,
      intervalMs: 500,
    })
  }

  /** @throws Error unless all of them still run, and none has restarted */
  async assertRunning(): Promise<void> {
    const running = (await this.#pods()).filter(({ status: { phase, containerStatuses = [] } }) => {
      return phase === 'Running' && containerStatuses.every(({ restartCount }) => restartCount === 0)
    })
    if (running.length !== services.length) {
      throw new Error(`${running.length} of ${services.length} pods of the previous release run without a restart.`)
    }
  }

  async stop(): Promise<void> {
    await this.#shop.cluster.kubectl(['delete', 'deployment', `--selector=${label}`, '--cascade=foreground', '--wait'])
  }

  #pods(): Promise<readonly Pod[]> {
    return this.#shop.cluster.list<Pod>('pods', label)
  }
}
