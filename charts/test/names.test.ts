import { equal, match, notEqual, ok } from 'node:assert/strict'
import { helms } from '../../tools/ci/src/programs.ts'
import { charts, type Loose, objectsWith, templateWith, type Variant } from './render.ts'

const everything = {
  operations: {
    console: { enabled: true },
    operatorTokens: { secret: 'operators' },
    toolbox: { enabled: true },
    audit: { exporter: { enabled: true } },
  },
}
/** A name used as a label or host name has at most 63 characters and no dot; a CronJob appends 11 characters to its Jobs. */
const name = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/

for (const helm of helms()) {
  describe(`names of all objects, with ${helm}`, () => {
    for (const prefix of ['a'.repeat(34), 'a', 'shop-2']) {
      it(`are valid with ${prefix}`, () => {
        for (const variant of ['production-keda', 'operator'] as Variant[]) {
          for (const given of [{ release: prefix }, { values: { global: { nameOverride: prefix }, ...everything } }]) {
            for (const { kind, metadata } of objectsWith({ helm, variant, values: everything, ...given })) {
              match(metadata.name, name, kind)
              ok(kind !== 'CronJob' || metadata.name.length <= 52)
              ok(kind !== 'Cluster' || metadata.name.length <= 50)
            }
          }
        }
      })
    }

    for (const prefix of ['a'.repeat(35), '2shop', 'my.shop', '1']) {
      it(`are rejected with one sentence for the release ${prefix}`, () =>
        expectRejected({ helm, release: prefix }, prefix))
    }
    for (const prefix of ['1shop', 'Shop', 'shop-', 'a_b', 'a'.repeat(40)]) {
      it(`are rejected with one sentence for global.nameOverride ${prefix}`, () => {
        const values = { global: { nameOverride: prefix } }
        expectRejected({ helm, values }, prefix)
        expectRejected({ helm, values, chart: `${charts}rabbitmq` }, prefix)
        expectRejected({ helm, values: { ...values, database: 'a', owner: 'a' }, chart: `${charts}postgres` }, prefix)
      })
    }
  })
}

function expectRejected(input: Loose, prefix: string): void {
  const { code, err } = templateWith(input)
  notEqual(code, 0)
  equal(err.match(/The names of all objects begin with/g)?.length, 1, err)
  ok(err.includes(`so "${prefix}" must have at most 34`), err)
}
