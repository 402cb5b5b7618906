import { deepEqual, equal, match } from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dump } from 'js-yaml'
import { helms } from '../../tools/ci/src/programs.ts'
import { type Loose, objectsWith, templateWith, umbrella } from './render.ts'

/** A parent chart with this chart and another one, which has its own global values. */
function parentOf(folder: string, values: Loose): string {
  const parent = join(folder, 'parent')
  mkdirSync(join(parent, 'charts'), { recursive: true })
  cpSync(umbrella, join(parent, 'charts/order-saga'), { recursive: true })
  const dependency = { name: 'order-saga', version: '*', condition: 'order-saga.enabled', tags: ['shop'] }
  writeFileSync(
    join(parent, 'Chart.yaml'),
    dump({ apiVersion: 'v2', name: 'parent', version: '1.0.0', dependencies: [dependency] }),
  )
  writeFileSync(join(parent, 'values.yaml'), dump(values))
  return parent
}

const global = {
  imageRegistry: 'registry.example.com',
  imagePullSecrets: ['x'],
  storageClass: 'fast',
  security: { a: 1 },
}
const fixed = { rabbitmq: { auth: { existingSecret: 'broker' } } }

for (const helm of helms()) {
  describe(`the chart as a dependency, with ${helm}`, () => {
    let folder: string

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'order-saga-parent-'))
    })

    afterEach(() => rmSync(folder, { recursive: true, force: true }))

    it('renders as standalone, with global values of other charts', () => {
      const chart = parentOf(folder, { global, 'order-saga': { enabled: true, ...fixed } })
      deepEqual(objectsWith({ chart, helm }), objectsWith({ values: fixed, helm }))
    })

    it('can be disabled by its condition', () => {
      const chart = parentOf(folder, { global, 'order-saga': { enabled: false } })
      deepEqual(objectsWith({ chart, helm }), [])
    })

    it('reads its global values from the parent', () => {
      const chart = parentOf(folder, { global: { ...global, nameOverride: 'orders' }, 'order-saga': fixed })
      const names: string[] = objectsWith({ chart, helm }).map(({ metadata }) => metadata.name as string)
      equal(names.includes('orders-order'), true)
      equal(
        names.some((name) => name.startsWith('shop-')),
        false,
      )
    })

    it('rejects its own unknown keys', () => {
      const values = { global: { messaging: { exchnge: 'x' } } }
      match(templateWith({ values, helm }).err, /'exchnge' not allowed/)
    })
  })
}
