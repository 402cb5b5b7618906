import { waitUntil } from '@order-saga/dev'
import type { Shop } from '../shop.ts'
import type { Step } from '../suite.ts'

const limitMs = 180_000
// Three broker nodes that are stopped together each wait a minute, in vain, for a queue's majority.
const settleMs = 180_000
const kinds =
  'all,clusters.postgresql.cnpg.io,podmonitors,networkpolicies,serviceaccounts,persistentvolumeclaims,secrets,configmaps'
const ofTheNamespace = /\/(kube-root-ca\.crt|default)$/
/** The broker's messages and the passwords that open them, and the pod of the last test with its log. */
const mayStay = /^(persistentvolumeclaim\/data-.*-rabbitmq-\d+|secret\/.*-rabbitmq-auth|pod\/.*-saga-drill)$/

export function uninstallSteps(shop: Shop): readonly Step[] {
  const left = async (): Promise<string[]> => {
    const names = await shop.cluster.kubectl(['get', kinds, '--output=name'])
    return names.split('\n').filter((name) => name !== '' && !ofTheNamespace.test(name))
  }
  return [
    {
      name: 'helm uninstall',
      run: async () => {
        await shop.close()
        await shop.release.uninstall(limitMs)
        let names: string[] = []
        // Dependents of a deleted object are removed asynchronously by garbage collection.
        await waitUntil(
          async () => {
            names = await left()
            return names.every((name) => mayStay.test(name))
          },
          { what: 'the release to be gone', limitMs: settleMs, intervalMs: 1_000, state: () => names.join(', ') },
        )
        return `what stays: ${names.join(', ')}`
      },
    },
    {
      name: 'namespace removed',
      run: async () => {
        await shop.cluster.remove()
        return shop.cluster.namespace
      },
    },
  ]
}
