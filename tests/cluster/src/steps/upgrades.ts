import { waitUntil } from '@order-saga/dev'
import { isReady } from '../cluster.ts'
import { CommandFailed } from '../command.ts'
import { tags } from '../images.ts'
import type { Values } from '../release.ts'
import type { Shop } from '../shop.ts'
import type { Step } from '../suite.ts'
import { expect } from './expect.ts'
import { underOrders } from './under-orders.ts'

interface Job {
  readonly metadata: { readonly name: string; readonly uid: string }
  readonly status: { readonly failed?: number; readonly succeeded?: number }
}

const badUpgradeLimitMs = 60_000
const timeoutMs = 60_000

export function upgradeSteps(shop: Shop, change: Values): readonly Step[] {
  let working = 0

  const jobs = async (): Promise<readonly Job[]> => {
    return shop.cluster.list<Job>(
      'jobs',
      'app.kubernetes.io/component in (order-migrate,payment-migrate,inventory-migrate)',
    )
  }
  const orderJob = async (): Promise<Job | undefined> => {
    return (await shop.cluster.list<Job>('jobs', 'app.kubernetes.io/component=order-migrate')).at(0)
  }
  const schemaVersion = (): Promise<string> => {
    return shop.sql('order', `SELECT version FROM schema_versions WHERE component = 'order'`)
  }
  const columns = (name: string): Promise<string> => {
    return shop.sql('order', `SELECT count(*) FROM information_schema.columns WHERE column_name = '${name}'`)
  }

  return [
    {
      name: 'upgrade without a new migration',
      run: async () => {
        const before = await uids(jobs())
        const note = await underOrders(shop, async () => {
          const { revision } = await shop.upgrade(change)
          working = revision
          return `revision ${revision}`
        })
        expect(await uids(jobs()), before, 'the migration Jobs')
        return `${note}; no migration ran`
      },
    },
    {
      name: 'upgrade with a new migration',
      run: async () => {
        const note = await underOrders(shop, async () => {
          const { revision } = await shop.upgrade({ services: { order: { image: { tag: tags.nextSchema } } } })
          return `revision ${revision}`
        })
        expect(await schemaVersion(), '101', 'the version of the order schema')
        expect(await columns('note'), '1', 'the columns the migration adds')
        return `${note}; schema 101`
      },
    },
    {
      name: 'rollback, on the newer schema',
      run: async () => {
        const note = await underOrders(shop, async () => {
          const { revision } = await shop.rollback(working)
          return `revision ${revision}, as ${working}`
        })
        expect(await schemaVersion(), '101', 'the version of the order schema')
        return note
      },
    },
    {
      name: 'an upgrade whose migration fails',
      run: async () => {
        const before = await readyPods(shop)
        const said = await underOrders(shop, async () => {
          await refusedUpgrade(shop)
          const job = await orderJob()
          if (job === undefined) throw new Error('The migration Job is gone.')
          const log = await shop.cluster.kubectl(['logs', `job/${job.metadata.name}`, '--tail=5'])
          if (!log.includes('division by zero')) throw new Error(`The Job does not say why: ${log}`)
          expect(await readyPods(shop), before, 'the ready order pods')
          return 'refused'
        })
        expect(await schemaVersion(), '101', 'the version of the order schema')
        expect(await columns('half_done'), '0', 'the columns of the failed migration')
        const { status, description } = await shop.release.status()
        expect(status, 'failed', 'the status of the release')
        const why = description.split('\n').find((line) => line.includes('order-migrate'))
        if (!(await shop.release.saysWhatFailed())) return `${said}; the release says: ${description}`
        if (why === undefined) throw new Error(`The release does not say why: ${description}`)
        return `${said}; the release says: ${why}`
      },
    },
    {
      name: 'rollback of the failed upgrade',
      essential: true,
      run: async () => {
        const { revision, status } = await shop.rollback(working)
        await waitUntil(async () => (await shop.pods('order')).length === 1, {
          what: 'the pod that never started to be gone',
          limitMs: timeoutMs,
        })
        return `revision ${revision} ${status}`
      },
    },
  ]
}

async function refusedUpgrade(shop: Shop): Promise<void> {
  const values = { services: { order: { image: { tag: tags.badSchema } } }, migrations: { backoffLimit: 1 } }
  const refused = await shop.release.upgrade(values, badUpgradeLimitMs).then(
    () => false,
    (error: unknown) => error instanceof CommandFailed,
  )
  if (!refused) throw new Error('The upgrade went well, with a migration that divides by zero.')
}

async function uids(jobs: Promise<readonly Job[]>): Promise<string> {
  return (await jobs)
    .map(({ metadata: { uid } }) => uid)
    .toSorted()
    .join(' ')
}

async function readyPods(shop: Shop): Promise<string> {
  const ready = (await shop.pods('order')).filter(isReady)
  return ready.map(({ metadata: { uid } }) => uid).join(' ')
}
