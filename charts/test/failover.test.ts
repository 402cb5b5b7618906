import { deepEqual, equal, match, notEqual } from 'node:assert/strict'
import { helms } from '../../tools/ci/src/programs.ts'
import { type Loose, objectsWith, templateWith } from './render.ts'

const synchronous = { instances: 3, synchronous: { enabled: true } }
const databaseRole = ['--api-versions', 'postgresql.cnpg.io/v1/DatabaseRole']

/** How the Cluster of the order database requests failover by quorum. */
function requested(values: Loose, args: readonly string[] = [], helm?: string): Loose {
  const rendered = objectsWith({ values: { 'order-db': values }, args, helm })
  const { metadata, spec } = rendered.find((o) => o.kind === 'Cluster' && o.metadata.name === 'shop-order-db')
  return {
    annotation: metadata.annotations?.['alpha.cnpg.io/failoverQuorum'],
    field: spec.postgresql.synchronous?.failoverQuorum,
  }
}

const annotation = { annotation: 'true', field: undefined }
const field = { annotation: undefined, field: true }
const none = { annotation: undefined, field: undefined }

for (const helm of helms()) {
  describe(`failover by quorum, with ${helm}`, () => {
    for (const [values, args, expected, why] of [
      [synchronous, [], annotation, 'an unknown operator'],
      [synchronous, databaseRole, field, 'an operator with kinds of 1.30'],
      [{ ...synchronous, operatorVersion: '1.27' }, databaseRole, annotation, 'version 1.27'],
      [{ ...synchronous, operatorVersion: 1.27 }, [], annotation, 'version 1.27 as a number'],
      [{ ...synchronous, operatorVersion: '1.27.4' }, [], annotation, 'version 1.27.4'],
      [{ ...synchronous, operatorVersion: '1.28.0' }, [], field, 'version 1.28.0'],
      [{ ...synchronous, operatorVersion: 1.3 }, [], field, 'version 1.30 as a number'],
      [{ ...synchronous, keepOnUninstall: true }, [], annotation, 'a cluster that is kept'],
      [{ ...synchronous, instances: 2 }, [], none, 'two instances'],
      [{ instances: 3 }, databaseRole, none, 'asynchronous replication'],
      [
        { ...synchronous, synchronous: { enabled: true, failoverQuorum: false } },
        databaseRole,
        none,
        'the value false',
      ],
    ] as [Loose, string[], Loose, string][]) {
      it(`is requested by ${JSON.stringify(expected)} for ${why}`, () => {
        deepEqual(requested(values, args, helm), expected)
      })
    }

    for (const version of ['1.26', 'v1.28', '1', 1.2, 'latest']) {
      it(`the operator's version ${JSON.stringify(version)} is rejected`, () => {
        const { code, err } = templateWith({ values: { 'order-db': { operatorVersion: version } }, helm })
        notEqual(code, 0)
        match(err, /operatorVersion/)
      })
    }

    it('is requested for every database in production', () => {
      const clusters = objectsWith({ variant: 'production', helm }).filter(({ kind }) => kind === 'Cluster')
      equal(clusters.length, 3)
      for (const { metadata } of clusters) equal(metadata.annotations['alpha.cnpg.io/failoverQuorum'], 'true')
    })
  })
}
