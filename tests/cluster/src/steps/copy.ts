import { randomUUID } from 'node:crypto'
import pMap from 'p-map'
import { followSagas, OrderClient } from '@order-saga/operations'
import { tags } from '../images.ts'
import type { Values } from '../release.ts'
import type { Service, Shop, Store } from '../shop.ts'
import type { Step } from '../suite.ts'
import { expect } from './expect.ts'
import { usualDeadline } from './install.ts'
import { publishAgain } from './restore.ts'

const services: readonly Service[] = ['order', 'payment', 'inventory', 'notification']
const stores: readonly Store[] = ['order', 'payment', 'inventory']
const orders = 20
const timeoutMs = 90_000
const testLimitMs = 300_000
const uninstallLimitMs = 180_000
/** Reserved in URLs, JSON and the shell. */
const password = `p@ss/w#rd%1:x "&' $(HOME)`

/**
 * A second release in the namespace of the first, whose databases are copies of the first's by pg_basebackup, as
 * docs/kubernetes.md has it. Its virtual host and its passwords have reserved characters.
 */
export function copySteps(shop: Shop, copy: Shop): readonly Step[] {
  const place = async (client: OrderClient): Promise<readonly { readonly sagaId: string }[]> => {
    const order = { customerEmail: 'copied@example.com', items: [{ sku: 'COPIED', qty: 1 }], amount: 40 }
    return pMap(Array.from({ length: orders }), () => client.place(order, randomUUID(), timeoutMs), { concurrency: 8 })
  }
  const confirmed = async (client: OrderClient, placed: readonly { readonly sagaId: string }[]): Promise<void> => {
    const sagas = await followSagas(client, placed, { timeoutMs })
    expect([...new Set(sagas.map((saga) => saga?.status))].join(', '), 'completed', 'the orders')
  }
  return [
    {
      name: 'a copy of the databases by pg_basebackup',
      run: async () => {
        await shop.upgrade(Object.fromEntries(stores.map((store) => [`${store}-db`, admitting(copy, store)])))
        const client = new OrderClient(await shop.orderUrl())
        const kept = await place(client)
        await confirmed(client, kept)
        await Promise.all(services.map((service) => shop.scale(service, 0)))
        try {
          const { status } = await copy.upgrade(valuesOf(shop))
          await Promise.all(stores.map((store) => copy.sql(store, publishAgain)))
          const ofCopy = new OrderClient(await copy.orderUrl())
          await confirmed(ofCopy, kept)
          await confirmed(ofCopy, await place(ofCopy))
          for (const store of stores) {
            const owner = 'SELECT rolname FROM pg_database JOIN pg_roles ON datdba = pg_roles.oid WHERE datname ='
            expect(await copy.sql(store, `${owner} '${store}_db'`), `${store}_service`, `the owner of ${store}_db`)
          }
          return `${status}; ${orders} orders came along, ${orders} further ones were confirmed`
        } finally {
          await Promise.all(services.map((service) => shop.scale(service, 1)))
        }
      },
    },
    {
      name: 'the saga drill in the copy, with a password of reserved characters',
      run: async () => {
        const patch = JSON.stringify({ stringData: { password } })
        for (const store of stores) {
          await copy.cluster.kubectl([
            'patch',
            'secret',
            copy.nameOf(`${store}-db-app`),
            '--type=merge',
            '--patch',
            patch,
          ])
        }
        const workloads = services.map((service) => `deployment/${copy.nameOf(service)}`)
        await copy.cluster.kubectl(['rollout', 'restart', ...workloads])
        for (const workload of workloads) {
          await copy.cluster.kubectl(['rollout', 'status', workload, '--timeout=180s'], { limitMs: 200_000 })
        }
        const said = await copy.release.test(testLimitMs)
        const results = said.split('\n').filter((line) => /: all as expected|^clean:/.test(line))
        expect(String(results.length), '2', `the results in\n${said}\nthat`)
        return results.join('; ')
      },
    },
    {
      name: 'the copy removed',
      run: async () => {
        await copy.close()
        await copy.release.uninstall(uninstallLimitMs)
        return shop.audit()
      },
    },
  ]
}

/** Network policy of the original, which admits the copy. */
function admitting(copy: Shop, store: Store): Values {
  const podSelector = { matchLabels: { 'cnpg.io/cluster': copy.nameOf(`${store}-db`) } }
  return { networkPolicy: { from: [{ podSelector }] } }
}

function valuesOf(shop: Shop): Values {
  const copied = (store: Store): Values => {
    const cluster = shop.nameOf(`${store}-db`)
    const to = [{ podSelector: { matchLabels: { 'cnpg.io/cluster': cluster } } }]
    return {
      recovery: {
        pgBaseBackup: { source: 'original' },
        externalClusters: [
          {
            name: 'original',
            connectionParameters: { host: `${cluster}-rw`, user: 'streaming_replica', sslmode: 'verify-full' },
            sslKey: { name: `${cluster}-replication`, key: 'tls.key' },
            sslCert: { name: `${cluster}-replication`, key: 'tls.crt' },
            sslRootCert: { name: `${cluster}-ca`, key: 'ca.crt' },
          },
        ],
      },
      networkPolicy: { egress: [{ to, ports: [{ port: 5432 }] }] },
    }
  }
  const users = [...services, 'admin', 'operations', 'monitoring']
  return {
    image: { tag: tags.tested },
    services: { order: { env: usualDeadline } },
    global: { messaging: { vhost: 'order saga' } },
    rabbitmq: { auth: { passwords: Object.fromEntries(users.map((user) => [user, password])) } },
    dashboards: { enabled: false },
    ...Object.fromEntries(stores.map((store) => [`${store}-db`, copied(store)])),
  }
}
