import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { helms } from '../../tools/ci/src/programs.ts'
import { type Loose, objectsWith, templateWith } from './render.ts'
import { accepted, get, type Path, paths, valuesOf } from './values-walk.ts'

const fixed = {
  rabbitmq: { auth: { existingSecret: 'broker' } },
  operations: { console: { enabled: true }, operatorTokens: { secret: 'operators' }, toolbox: { enabled: true } },
}
/** Keys of a service that exist in the defaults. */
const ofService = [
  'env',
  'secretEnv',
  'podLabels',
  'tolerations',
  'extraVolumes',
  'resources',
  'service',
  'database',
  'affinity',
]

/** A values file in which these keys are empty. */
function empty(at: readonly Path[], value: Loose = null): Loose {
  const values = structuredClone(fixed) as Loose
  for (const path of at) {
    let inner = values
    for (const key of path.slice(0, -1)) inner = inner[key] ??= {}
    inner[path.at(-1) as string] = value
  }
  return values
}

const base = valuesOf(undefined, fixed)
const all = paths(base, () => true).filter(
  (path) => path.every((key) => typeof key === 'string') && !('existingSecret' === path.at(-1)),
)
/** Helm removes a default if a values file sets null. */
const optional = all.filter((path) => accepted(valuesOf(undefined, empty([path]))))
const maps = optional.filter((path) => typeof get(base, path) === 'object' && get(base, path) !== null)
/** The paths without an ancestor in the list. */
const outermost = (from: readonly Path[]): Path[] =>
  from.filter((path) => !from.some((other) => other.length < path.length && other.every((key, i) => key === path[i])))

for (const helm of helms()) {
  describe(`empty keys of a values file, with ${helm}`, () => {
    for (const path of [
      ['env'],
      ['podLabels'],
      ['operations', 'env'],
      ['defaults', 'env'],
      ['defaults', 'secretEnv'],
      ['defaults', 'extraVolumes'],
      ['rabbitmq', 'podLabels'],
      ['rabbitmq', 'extraPlugins'],
      ['rabbitmq', 'auth', 'passwords'],
      ['order-db', 'recovery'],
      ['image', 'pullSecrets'],
      ['operations', 'console', 'service'],
      ['operations', 'console', 'service', 'type'],
      ['operations', 'console', 'networkPolicy'],
      ...ofService.map((key) => ['services', 'order', key]),
    ]) {
      it(`${path.join('.')} inherits the default`, () => {
        deepEqual(objectsWith({ values: empty([path]), helm }), objectsWith({ values: fixed, helm }))
      })
    }

    it('dashboards.labels removes the default labels', () => {
      const rendered = objectsWith({ values: empty([['dashboards', 'labels']]), helm })
      equal(JSON.stringify(rendered).includes('grafana_dashboard'), false)
    })

    it('order-db.backup.plugin is refused by its name where the method needs it', () => {
      for (const plugin of [null, {}, { name: '' }]) {
        const values = { ...fixed, 'order-db': { backup: { enabled: true, method: 'plugin', plugin } } }
        match(templateWith({ values, helm }).err, /backup\.method is plugin: set backup\.plugin\.name/)
      }
    })

    it('render together, if allowed by the schemas', () => {
      const databases = outermost(maps).filter(
        ([first, ...rest]) => !(String(first).endsWith('-db') && rest.length === 0),
      )
      ok(databases.length > 25, String(databases.length))
      const { code, out, err } = templateWith({ values: empty(databases), helm })
      equal(code, 0, err)
      equal(/<nil>|%!|: null$/m.test(out), false)
    })

    it('render individually, if allowed by the schemas', () => {
      const scalars = optional.filter((path) => get(base, path) === null || typeof get(base, path) !== 'object')
      const given = scalars.filter((path) => !['database', 'owner'].includes(String(path.at(-1))))
      const { code, out, err } = templateWith({ values: empty(given), helm })
      equal(code, 0, err)
      equal(/<nil>|%!|: null$/m.test(out), false)
    })

    for (const path of [
      ['defaults'],
      ['image'],
      ['global', 'monitoring'],
      ['rabbitmq', 'storage'],
      ['order-db', 'image'],
    ]) {
      it(`${path.join('.')} is rejected with its name`, () => {
        match(templateWith({ values: empty([path]), helm }).err, new RegExp(`missing property '${path.at(-1)}'`))
      })
    }
  })
}
