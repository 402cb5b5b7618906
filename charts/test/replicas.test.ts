import { equal, match } from 'node:assert/strict'
import { helms } from '../../tools/ci/src/programs.ts'
import { type Loose, objectsWith, templateWith } from './render.ts'

for (const helm of helms()) {
  describe(`replicas and disruption budget, with ${helm}`, () => {
    for (const [payment, provider, replicas, budget] of [
      [{ autoscaling: { enabled: false }, replicaCount: 3 }, 'hpa', 3, true],
      [{ autoscaling: { enabled: false }, replicaCount: 3 }, 'keda', 3, true],
      [{ autoscaling: { enabled: false, minReplicas: 3 } }, 'hpa', undefined, false],
      [{ autoscaling: { enabled: false, minReplicas: 3 }, replicaCount: 1 }, 'hpa', 1, false],
      [{ autoscaling: { enabled: false }, replicaCount: 0 }, 'hpa', 0, false],
      [{ replicaCount: 3 }, 'none', 3, true],
      [{ autoscaling: { minReplicas: 3 } }, 'none', undefined, false],
      [{ replicaCount: 3 }, 'hpa', undefined, false],
      [{ autoscaling: { minReplicas: 3 } }, 'hpa', undefined, true],
      [{ autoscaling: { minReplicas: 2 }, podDisruptionBudget: { minAvailable: 2 } }, 'hpa', undefined, false],
    ] as [Loose, string, number | undefined, boolean][]) {
      it(`${JSON.stringify(payment)} with ${provider}: ${replicas} and ${budget ? 'a' : 'no'} budget`, () => {
        const rendered = objectsWith({ values: { autoscaling: { provider }, services: { payment } }, helm })
        const of = (kind: string): Loose => rendered.find((o) => o.kind === kind && o.metadata.name === 'shop-payment')
        equal(of('Deployment').spec.replicas, replicas)
        equal(of('PodDisruptionBudget') !== undefined, budget)
      })
    }

    it('replicas that exceed the database connections are rejected, also without an autoscaler', () => {
      const payment = { autoscaling: { enabled: false }, replicaCount: 20 }
      match(templateWith({ values: { services: { payment } }, helm }).err, /payment: 20 pods plus one/)
    })

    it('three broker nodes have a budget in both modes', () => {
      for (const mode of ['statefulset', 'operator']) {
        const rendered = objectsWith({ values: { rabbitmq: { mode, replicas: 3 } }, helm })
        equal(rendered.filter(({ kind }) => kind === 'PodDisruptionBudget').length, 1, mode)
      }
    })

    it('every budget lets a drain evict pods that are not ready', () => {
      const budgets = objectsWith({ variant: 'production', helm }).filter(({ kind }) => kind === 'PodDisruptionBudget')
      equal(budgets.length, 5)
      for (const { metadata, spec } of budgets) equal(spec.unhealthyPodEvictionPolicy, 'AlwaysAllow', metadata.name)
    })
  })
}
