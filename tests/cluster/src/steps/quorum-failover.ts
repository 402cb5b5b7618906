import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { waitUntil } from '@order-saga/dev'
import { OrderStream } from '../order-stream.ts'
import { PostgresCluster } from '../postgres-cluster.ts'
import { Release, type Values } from '../release.ts'
import type { Shop } from '../shop.ts'
import { seconds, type Step } from '../suite.ts'
import { expect } from './expect.ts'

const postgresChart = fileURLToPath(new URL('../../../../charts/postgres', import.meta.url))
const instances = 3
const rows = 100
const orders = 20
const installLimitMs = 420_000
/** Without failover by quorum the promotion takes 3 to 15 s. */
const watchMs = 20_000
const promotionLimitMs = 60_000

interface Lost {
  readonly primary: string
  readonly acknowledging: string
  readonly lacking: string
}

const small: Values = {
  database: 'order_db',
  owner: 'order_service',
  instances,
  image: { name: 'ghcr.io/cloudnative-pg/postgresql:17' },
  storage: { size: '1Gi' },
  resources: { requests: { cpu: '20m', memory: '160Mi' }, limits: { cpu: '2', memory: '512Mi' } },
  postgresql: { parameters: { shared_buffers: '128MB' } },
}

/**
 * Two of three instances are lost, of which one is the only standby that has the last acknowledged commits. With failover by
 * quorum the other standby must not be promoted; without it, it is, and the commits are lost.
 */
export function quorumFailoverSteps(shop: Shop): readonly Step[] {
  return [
    {
      name: 'failover waits for the acknowledged orders',
      run: async () => {
        const database = new PostgresCluster(shop.cluster, shop.nameOf('order-db'), 'order_db')
        await database.healthy(instances)
        const stream = new OrderStream(await shop.orderUrl(), { perSecond: 4, timeoutMs: 240_000 })
        try {
          const write = (): Promise<unknown> =>
            waitUntil(() => stream.posted >= orders, { what: `${orders} orders`, limitMs: 60_000 })
          const lost = await losePrimaryAndAcknowledgingStandby(shop, database, write)
          await assertNotPromoted(database, lost)
          await database.healthy(instances)
          const { sagas } = await stream.finish('completed')
          return `${lost.lacking} was not promoted for ${lost.primary} in ${seconds(watchMs)}; ${sagas.length} orders, none lost, all confirmed`
        } finally {
          stream.pause()
        }
      },
    },
    { name: 'audit after the failover', run: () => shop.audit() },
    {
      name: 'without failover by quorum, acknowledged rows are lost',
      run: () => standalone(shop, 'lossy', false),
    },
    {
      name: 'with failover by quorum, none is',
      run: () => standalone(shop, 'safe', true),
    },
  ]
}

/** The same with rows of a database of its own, because a loss would leave the shop inconsistent. */
async function standalone(shop: Shop, name: string, failoverQuorum: boolean): Promise<string> {
  const release = new Release(shop.cluster, name, [])
  const values = { ...small, synchronous: { enabled: true, failoverQuorum } }
  await release.upgrade(values, installLimitMs, postgresChart)
  try {
    const database = new PostgresCluster(shop.cluster, `${name}-postgres`, 'order_db')
    await database.healthy(instances)
    await database.sql(await database.primary(), 'CREATE TABLE acknowledged (id int PRIMARY KEY)')
    const insert = async (primary: string): Promise<unknown> =>
      database.sql(primary, `INSERT INTO acknowledged SELECT generate_series(1, ${rows})`)
    const lost = await losePrimaryAndAcknowledgingStandby(shop, database, insert)
    if (failoverQuorum) {
      await assertNotPromoted(database, lost)
      await database.healthy(instances)
    } else {
      // The frozen standby cannot follow the new primary: it has WAL that the new timeline lacks.
      await waitUntil(() => database.isPrimary(lost.lacking), {
        what: `${lost.lacking} to be promoted`,
        limitMs: promotionLimitMs,
        intervalMs: 500,
      })
    }
    const found = await database.sql(await database.primary(), 'SELECT count(*) FROM acknowledged')
    expect(found, failoverQuorum ? String(rows) : '0', 'the acknowledged rows after the failover')
    return `${lost.primary} to ${await database.primary()}, ${found} of ${rows} acknowledged rows`
  } finally {
    await release.uninstall(installLimitMs)
  }
}

/**
 * Disconnects one standby from the primary, has the other acknowledge the writes, freezes that one, deletes the primary's
 * pod, and only then lets the first standby continue.
 * @returns the names of the instances
 */
async function losePrimaryAndAcknowledgingStandby(
  shop: Shop,
  database: PostgresCluster,
  write: (primary: string) => Promise<unknown>,
): Promise<Lost> {
  const primary = await database.primary()
  const [acknowledging = '', lacking = ''] = await database.standbys()
  // A stopped WAL receiver would still find in its socket what the primary has sent, so its connection is closed too.
  await database.signal(lacking, 'STOP')
  await database.sql(
    primary,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_replication WHERE application_name = '${lacking}'`,
  )
  await waitUntil(
    async () =>
      (await database.sql(primary, 'SELECT string_agg(application_name, $$,$$) FROM pg_stat_replication')) ===
      acknowledging,
    { what: `${acknowledging} to be the only standby`, limitMs: 10_000, intervalMs: 200 },
  )
  await write(primary)
  await database.signal(acknowledging, 'STOP')
  // Until its container has ended, the primary would accept the other standby again.
  await database.signal(primary, 'STOP')
  await shop.cluster.kubectl(['delete', 'pod', primary, '--grace-period=0', '--force', '--wait=false'])
  await database.signal(lacking, 'CONT')
  return { primary, acknowledging, lacking }
}

/** Then lets the standby continue that has the acknowledged commits. */
async function assertNotPromoted(database: PostgresCluster, { acknowledging, lacking }: Lost): Promise<void> {
  const until = performance.now() + watchMs
  while (performance.now() < until) {
    if ((await database.primary()) === lacking) {
      throw new Error(`${lacking} was promoted, which lacks acknowledged commits.`)
    }
    await delay(500)
  }
  await database.signal(acknowledging, 'CONT')
}
