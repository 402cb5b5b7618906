import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { helms, must } from '../../tools/ci/src/programs.ts'
import { charts, type Loose, objectsWith, templateWith, umbrella, type Variant, variantNames } from './render.ts'

/** A valid label value. */
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/
const maps = new Set(['labels', 'matchLabels', 'nodeSelector'])

/** Every label and selector of an object, at any depth. */
function labelsIn(value: Loose): [string, unknown][] {
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, inner]) =>
    maps.has(key) && inner !== null && !Array.isArray(inner) ? Object.entries(inner as object) : labelsIn(inner),
  )
}

const digest = `sha256:${'a1'.repeat(32)}`
const tags = [
  `1.2.3@${digest}`,
  `${'a'.repeat(62)}-x`,
  `${'a'.repeat(62)}.`,
  `_${'b'.repeat(70)}`,
  '_x',
  '__',
  'v1.2.3-rc.1_build.7',
]

function check(rendered: Loose[]): void {
  for (const object of rendered) {
    for (const [key, value] of labelsIn(object)) {
      ok(
        typeof value === 'string' && labelValue.test(value),
        `${object.kind}/${object.metadata.name}: ${key}: ${JSON.stringify(value)}`,
      )
    }
  }
}

describe('labels are valid', () => {
  for (const tag of tags) {
    it(`with the tag ${tag}`, () => {
      for (const variant of ['production', 'operator'] as Variant[]) {
        const image = { tag }
        const values = { image, rabbitmq: { image }, services: { order: { image } }, operations: { image } }
        check(objectsWith({ variant, values }))
      }
    })
  }

  it('and the version label is the tag of an image with a digest', () => {
    const tag = `1.2.3@${digest}`
    const objects = objectsWith({ values: { image: { tag }, rabbitmq: { image: { tag } } } })
    for (const name of ['shop-order', 'shop-rabbitmq']) {
      const [{ metadata, spec }] = objects.filter(
        (o) => o.metadata.name === name && o.spec?.template !== undefined,
      ) as [Loose]
      equal(metadata.labels['app.kubernetes.io/version'], '1.2.3')
      match(spec.template.spec.containers[0].image, new RegExp(`:1\\.2\\.3@${digest}$`))
    }
  })

  for (const helm of helms()) {
    it(`with a chart version that has build metadata, packaged by ${helm}`, () => {
      const folder = mkdtempSync(join(tmpdir(), 'order-saga-package-'))
      try {
        for (const version of ['0.1.0+git.abc', `0.1.0-${'c'.repeat(60)}`, `0.1.0+${'d'.repeat(43)}.e`]) {
          must(helm, ['package', umbrella, '--version', version, '--destination', folder])
          for (const chart of ['rabbitmq', 'postgres']) cpSync(charts + chart, join(folder, chart), { recursive: true })
          for (const variant of variantNames) {
            const all = objectsWith({ helm, variant, chart: join(folder, `order-saga-${version}.tgz`) })
            check(all)
            const [{ metadata }] = all.filter(({ kind }) => kind === 'Deployment') as [Loose]
            match(metadata.labels['helm.sh/chart'], /^order-saga-0\.1\.0[-_]/)
          }
          for (const [chart, values] of [
            ['rabbitmq', {}],
            ['postgres', { database: 'orders', owner: 'orders' }],
          ] as const) {
            must(helm, ['package', join(folder, chart), '--version', version, '--destination', folder])
            check(objectsWith({ helm, values, chart: join(folder, `${chart}-${version}.tgz`) }))
          }
        }
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })
  }

  it('or a queue name that is not a valid label value is rejected', () => {
    for (const queue of ['q'.repeat(64), '_queue', 'queue.']) {
      const values: Loose = { global: { messaging: { queues: { payment: queue } } } }
      match(templateWith({ values }).err, /global\.messaging\.queues\.payment: the HPA selects its metric/)
      equal(templateWith({ values: { ...values, autoscaling: { provider: 'keda' } } }).code, 0)
    }
  })
})

it('the charts have identical copies of _common.tpl', () => {
  const [first, ...others] = ['order-saga', 'rabbitmq', 'postgres'].map((chart) =>
    readFileSync(`${charts}${chart}/templates/_common.tpl`, 'utf8'),
  )
  for (const other of others) deepEqual(other, first)
})
