import { deepEqual, equal, match } from 'node:assert/strict'
import { type Loose, parse, template } from './render.ts'

const stores = ['order', 'payment', 'inventory'] as const
const forms: Readonly<Record<string, readonly string[]>> = {
  'a Backup': ['bootstrap.backup.name=old'],
  'volume snapshots': [
    'bootstrap.volumeSnapshots.storage.name=old',
    'bootstrap.volumeSnapshots.storage.kind=VolumeSnapshot',
  ],
  'an object store': ['bootstrap.source=old', 'externalClusters[0].name=old'],
  'an object store, up to a point in time': ['bootstrap.source=old', 'bootstrap.recoveryTarget.targetTime=2026-01-02'],
  'a running server': ['pgBaseBackup.source=old', 'externalClusters[0].name=old'],
}

function rendered(store: string, ...recovery: string[]): { code: number; err: string; cluster: Loose; all: Loose[] } {
  const set = recovery.flatMap((value) => ['--set-string', `${store}-db.recovery.${value}`])
  const { code, out, err } = template(set)
  const all = code === 0 ? parse(out) : []
  return {
    code,
    err,
    all,
    cluster: all.find(({ kind, metadata }) => kind === 'Cluster' && metadata.name === `shop-${store}-db`),
  }
}

describe('a recovered database', () => {
  for (const store of stores) {
    for (const [form, values] of Object.entries(forms)) {
      it(`from ${form} has the database and owner of the ${store} service`, () => {
        const { cluster, all } = rendered(store, ...values)
        const [[method, { database, owner, ...given }] = ['', {}], ...others] = Object.entries<Loose>(
          cluster.spec.bootstrap,
        )
        deepEqual(others, [])
        equal(method, form === 'a running server' ? 'pg_basebackup' : 'recovery')
        deepEqual({ database, owner }, { database: `${store}_db`, owner: `${store}_service` })
        const names = values.flatMap((value) => /^(?:bootstrap|pgBaseBackup)\.(\w+)/.exec(value)?.[1] ?? [])
        deepEqual(Object.keys(given).toSorted(), [...new Set(names)].toSorted())
        const [{ env }] = all.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === `shop-${store}`)
          .spec.template.spec.containers
        equal(env.find(({ name }: Loose) => name === 'DB_NAME').value, database)
      })
    }
  }

  it('has the names in the values, unless the recovery overrides them', () => {
    const { cluster } = rendered('order', 'bootstrap.backup.name=old', 'bootstrap.owner=former')
    equal(cluster.spec.bootstrap.recovery.owner, 'former')
  })

  it('has exactly one source', () => {
    const { code, err } = rendered('order', 'bootstrap.backup.name=old', 'pgBaseBackup.source=old')
    equal(code, 1)
    match(err, /order-db\.recovery: bootstrap and pgBaseBackup are mutually exclusive/)
  })
})
