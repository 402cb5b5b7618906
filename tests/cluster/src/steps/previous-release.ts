import { randomBytes } from 'node:crypto'
import { waitUntil } from '@order-saga/dev'
import { sendOrders } from '@order-saga/operations'
import { FormerPods } from '../former-pods.ts'
import { buildAndLoadPreviousImages, tags } from '../images.ts'
import { startIssuer } from '../issuer-pod.ts'
import { PortForward } from '../port-forward.ts'
import { previousSources } from '../previous-release.ts'
import { packSubcharts } from '../release.ts'
import type { Shop } from '../shop.ts'
import type { Step } from '../suite.ts'
import { operatorEntry } from '../../../support/operators.ts'
import { expect } from './expect.ts'
import { namespaceStep, runDrill } from './install.ts'
import { underOrders } from './under-orders.ts'

const ordersBefore = 15
const replacedLimitMs = 60_000
const tokenSecret = { secret: 'console', key: 'token' }

/**
 * The previous release with its console on, upgraded to this chart and these images while orders keep coming. Pods of the
 * previous release run beside it until all these orders are final: the upgrade takes their permission for the default exchange.
 */
export function previousReleaseSteps(shop: Shop): readonly Step[] {
  const token = randomBytes(18).toString('base64url')
  let sources = ''
  const statusOfConsole = async (url: string, headers: Record<string, string>): Promise<string> => {
    return String((await fetch(`${url}/console/overview`, { headers })).status)
  }
  const authorization = `Bearer ${token}`
  const former = new FormerPods(shop)

  return [
    {
      name: 'images of the previous release',
      essential: true,
      run: async () => {
        sources = await previousSources()
        return await buildAndLoadPreviousImages(sources)
      },
    },
    namespaceStep(shop),
    {
      name: 'helm install of the previous release',
      essential: true,
      run: async () => {
        const chart = `${sources}/charts/order-saga`
        await packSubcharts(chart)
        const { cluster } = shop
        await cluster.apply({
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: tokenSecret.secret, namespace: cluster.namespace },
          stringData: { [tokenSecret.key]: token },
        })
        const { status } = await shop.upgrade(
          {
            image: { tag: tags.previous },
            services: { order: { env: { CONSOLE: 'full' }, secretEnv: { ADMIN_TOKEN: tokenSecret } } },
            // Needs an image of its own, which takes no part in the upgrade.
            operations: { audit: { exporter: { enabled: false } } },
          },
          chart,
        )
        const url = await shop.orderUrl()
        expect(await statusOfConsole(url, { authorization }), '200', "the answer of the order service's console")
        const ends = await sendOrders(url, ordersBefore)
        return `${status}; ${ends.map((end) => end.trim()).join('; ')}`
      },
    },
    {
      name: 'upgrade from the previous release, with its values',
      essential: true,
      run: async () => {
        await former.start()
        const note = await underOrders(shop, async () => {
          const { revision, status } = await shop.upgrade({ image: { tag: tags.tested } })
          return `revision ${revision} ${status}`
        })
        const ends = await sendOrders(await shop.orderUrl(), ordersBefore)
        return `${note}; then ${ends.map((end) => end.trim()).join('; ')}`
      },
    },
    {
      name: 'permissions and queues after the upgrade',
      run: async () => {
        await former.assertRunning()
        await former.stop()
        // The command takes no names of columns: user, configure, write, read.
        const permissions = await shop.brokerTable('list_permissions')
        expect(
          String(permissions.some(([user]) => user === 'order')),
          'true',
          'whether the user of order has permissions',
        )
        const anyQueue = permissions.filter(([user, , write = '']) => user !== 'admin' && write.includes('amq'))
        expect(JSON.stringify(anyQueue), '[]', 'the users that may write to every queue')
        const depths = await shop.brokerTable('list_queues', 'name', 'messages')
        expect(JSON.stringify(depths.filter(([, count]) => count !== '0')), '[]', 'the queues that are not empty')
        return `${depths.length} queues empty, also those of dead letters`
      },
    },
    {
      name: 'the console by its new values',
      run: async () => {
        await shop.upgrade({
          operations: {
            env: { OPERATOR_TOKENS: operatorEntry('e2e', token) },
            console: { enabled: true, mode: 'full' },
          },
        })
        const forward = await PortForward.open(shop.cluster, `service/${shop.nameOf('console')}`, 3002)
        try {
          expect(await statusOfConsole(forward.url, {}), '401', 'the answer of the console without its token')
          expect(await statusOfConsole(forward.url, { authorization }), '200', 'the answer of the console')
        } finally {
          await forward.close()
        }
        return 'answers'
      },
    },
    {
      name: 'access tokens: the saga drill',
      run: async () => {
        const { values, token: accessToken } = await startIssuer(shop)
        const { revision } = await shop.upgrade(values)
        const statusWith = async (headers: Record<string, string>): Promise<number> => {
          const { status } = await fetch(`${await shop.orderUrl()}/orders`, { headers })
          return status
        }
        // The port forward may still lead to a pod that the upgrade has replaced.
        await waitUntil(async () => (await statusWith({})) === 401, {
          what: 'the order API to refuse a request without a token',
          limitMs: replacedLimitMs,
          intervalMs: 500,
        })
        const authorized = await statusWith({ authorization: `Bearer ${accessToken}` })
        expect(String(authorized), '200', 'the answer of the order API with a token')
        return `revision ${revision}; ${await runDrill(shop)}`
      },
    },
    { name: 'audit after the upgrade', run: () => shop.audit() },
    {
      name: 'namespace of the upgraded release deleted',
      run: async () => {
        await shop.close()
        await shop.cluster.kubectl(['delete', 'namespace', shop.cluster.namespace, '--wait=false'])
        return `${shop.cluster.namespace} terminates, which nothing waits for`
      },
    },
  ]
}
