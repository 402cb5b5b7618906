import { deepEqual, equal, ok } from 'node:assert/strict'
import { CORE_SCHEMA, loadAll, YAML11_SCHEMA } from 'js-yaml'
import { helms } from '../../tools/ci/src/programs.ts'
import { type Loose, templateWith, type Variant } from './render.ts'
import { accepted, get, type Path, paths, set, valuesOf } from './values-walk.ts'

/** Words that YAML 1.1 or 1.2 does not parse as strings unless quoted. */
const words = [
  'no',
  '1',
  '1e3',
  'off',
  '2024-01-01',
  '0x1F',
  '~',
  'null',
  'true',
  '1_000',
  ' x',
  'y',
  '1:30',
  '# x',
  'a: b',
]

/** Values with every optional key set, so that each is tested. */
const everything: Loose = {
  podLabels: { team: 'orders' },
  env: { OTEL_SERVICE_NAME: 'shop' },
  global: { monitoring: { labels: { release: 'stack' } } },
  image: { registry: 'registry.example.com', tag: 'one', pullSecrets: ['registry'] },
  defaults: {
    env: { TZ: 'UTC' },
    secretEnv: { NODE_OPTIONS: { secret: 'node', key: 'options' } },
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'orders', effect: 'NoSchedule' }],
    priorityClassName: 'high',
    podLabels: { a: 'b' },
    podAnnotations: { a: 'b' },
    serviceAccount: { name: 'account', annotations: { a: 'b' } },
    extraVolumes: [{ name: 'scratch', emptyDir: { medium: 'Memory' } }],
    extraVolumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
    service: { annotations: { a: 'b' } },
    networkPolicy: { apiFrom: [{ podSelector: { matchLabels: { a: 'b' } } }] },
  },
  services: {
    order: { secretEnv: { NODE_EXTRA_CA_CERTS: { secret: 'ca', key: 'path' } }, serviceAccount: { name: 'order' } },
    payment: { env: { NODE_NAME: 'payment' }, image: { tag: 'two' } },
  },
  ingress: { enabled: true, className: 'nginx', annotations: { a: 'b' }, tlsSecret: 'tls' },
  httpRoute: { enabled: true, annotations: { a: 'b' }, parentRefs: [{ name: 'gateway' }], hostnames: ['example.com'] },
  operations: {
    env: { LOG_LEVEL: 'info', SOMETHING: 'else' },
    serviceAccount: { name: 'operations', annotations: { a: 'b' } },
    operatorTokens: { secret: 'operators', key: 'tokens' },
    console: { enabled: true, service: { annotations: { a: 'b' } } },
    toolbox: { enabled: true },
    audit: { exporter: { enabled: true } },
  },
  alerts: { labels: { team: 'orders' } },
  dashboards: { namespace: 'grafana' },
  rabbitmq: {
    image: { registry: 'registry.example.com', pullSecrets: ['registry'] },
    extraConfig: 'log.console.level = info',
    extraPlugins: ['rabbitmq_top'],
    storage: { storageClass: 'fast' },
    nodeSelector: { disk: 'ssd' },
    priorityClassName: 'high',
    podLabels: { a: 'b' },
    podAnnotations: { a: 'b' },
    serviceAccount: { annotations: { a: 'b' } },
    service: { annotations: { a: 'b' } },
  },
  'order-db': {
    image: { pullSecrets: ['registry'] },
    storage: { storageClass: 'fast' },
    walStorage: { size: '1Gi', storageClass: 'fast' },
    priorityClassName: 'high',
    postgresql: { parameters: { work_mem: '8MB' } },
  },
}
const operatorMode: Loose = { rabbitmq: { mode: 'operator', replicas: 3 } }

/** The validation of names rejects some of these words, and has its own test. */
const ownTest = new Set(['global.nameOverride'])

const bases: [string, Variant | undefined, Loose][] = [
  ['the defaults', undefined, {}],
  ['everything', undefined, everything],
  ['production with everything', 'production', everything],
  ['KEDA', 'production-keda', {}],
  ['external servers', 'external', {}],
  [
    'operators',
    'operator',
    { ...everything, rabbitmq: { ...everything.rabbitmq, ...operatorMode.rabbitmq, serviceAccount: {} } },
  ],
]

/** Each scalar of a rendering, by path. */
function scalars(documents: Loose[]): Map<string, Loose> {
  const found = new Map<string, Loose>()
  const visit = (value: Loose, at: string): void => {
    if (value !== null && typeof value === 'object' && !(value instanceof Date)) {
      for (const [key, inner] of Object.entries(value)) visit(inner, `${at}/${key}`)
    } else found.set(at, value)
  }
  documents.forEach((document, i) => {
    visit(document, `${i}:${document?.kind}`)
  })
  return found
}

const typeOf = (value: Loose): string => (value === null ? 'null' : value instanceof Date ? 'date' : typeof value)

/** @returns the scalars by YAML 1.1, which Kubernetes uses, after comparison with YAML 1.2 */
function rendered(variant: Variant | undefined, values: Loose, helm?: string): Map<string, Loose> {
  const { code, out, err } = templateWith({ values, helm, ...(variant === undefined ? {} : { variant }) })
  equal(code, 0, err)
  const old = scalars(loadAll(out, { schema: YAML11_SCHEMA }))
  deepEqual(old, scalars(loadAll(out, { schema: CORE_SCHEMA })))
  return old
}

/** Sets the paths in `at` to `value` one after the other, if allowed by the schemas. */
function withAll(base: Loose, at: readonly Path[], value: Loose): { values: Loose; taken: Path[] } {
  const values = structuredClone(base)
  const taken = at.filter((path) => {
    const before: Loose = get(values, path)
    set(values, path, value)
    if (accepted(values)) return true
    set(values, path, before)
    return false
  })
  return { values, taken }
}

for (const helm of helms()) {
  describe(`strings of the values remain strings, with ${helm}`, () => {
    for (const [name, variant, further] of helm === helms()[0] ? bases : bases.slice(1, 2)) {
      const base = valuesOf(variant, further)
      const strings = paths(base, (value) => typeof value === 'string').filter((path) => !ownTest.has(path.join('.')))
      for (const word of words) {
        it(`${JSON.stringify(word)} over ${name}`, () => {
          const { values, taken } = withAll(base, strings, word)
          ok(taken.length > 5, String(taken.length))
          const placeholder = withAll(base, taken, 'word').values
          const expected = rendered(variant, placeholder, helm)
          const wrong = [...rendered(variant, values, helm)].filter(
            ([at, value]) => expected.has(at) && typeOf(value) !== typeOf(expected.get(at)),
          )
          deepEqual(wrong, [])
        })
      }
    }
  })
}

describe('names of the release and its namespace remain strings', () => {
  const types = (release: string, namespace: string): Map<string, string> => {
    const { code, out, err } = templateWith({ values: everything, variant: 'production-keda', release, namespace })
    equal(code, 0, err)
    return new Map([...scalars(loadAll(out, { schema: YAML11_SCHEMA }))].map(([at, value]) => [at, typeOf(value)]))
  }
  const expected = types('shop', 'orders')
  for (const release of ['no', 'off', 'y', 'n', 'true', 'null']) {
    it(`release ${release} in namespace 2024`, () => {
      deepEqual(
        [...types(release, '2024')].filter(([at, type]) => expected.has(at) && expected.get(at) !== type),
        [],
      )
    })
  }
})
