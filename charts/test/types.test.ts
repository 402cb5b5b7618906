import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { helms } from '../../tools/ci/src/programs.ts'
import { type Loose, objectsWith, templateWith, type Variant } from './render.ts'

/** Fields that are strings in the API: maps, lists and scalars by field name. */
const maps = new Set([
  'labels',
  'annotations',
  'matchLabels',
  'matchAttributes',
  'nodeSelector',
  'parameters',
  'connectionParameters',
  'volumeAttributes',
  'tags',
  'historyTags',
])

const names = new Set([
  'name',
  'key',
  'namespace',
  'path',
  'secretName',
  'sizeLimit',
  'source',
  'targetXID',
  'targetName',
])

/** Each path below these fields with a value that is not a string. */
function wrong(value: Loose, at: string): string[] {
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = `${at}.${key}`
    const strings =
      maps.has(key) && !Array.isArray(inner) ? Object.values(inner as object) : key === 'values' ? inner : []
    const bad = (strings as Loose[])
      .filter((text) => typeof text !== 'string')
      .map((text) => `${here}: ${String(text)}`)
    if (at.includes('.tolerations.') && key === 'value' && typeof inner !== 'string') bad.push(here)
    if (names.has(key) && inner !== null && !['string', 'object'].includes(typeof inner)) bad.push(here)
    return [...bad, ...wrong(inner, here)]
  })
}

const scalars = { a: true, b: 1, c: 3000000, d: 0.00001, e: 'text' }
const labels = { a: true, b: 1, c: 3000000, e: 'text' }
const tolerations = [{ key: 'dedicated', operator: 'Equal', value: true, effect: 'NoSchedule' }]
const selectors = [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 2024 } } }]
const affinity = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [1, true] }] }],
    },
  },
}
const extraVolumes = [
  { name: 1, secret: { secretName: 1, defaultMode: 256, items: [{ key: 1, path: 2 }] } },
  { name: 'csi', csi: { driver: 'csi.example.com', volumeAttributes: scalars } },
  { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: 1073741824 } },
]
const extraVolumeMounts = [{ name: 1, mountPath: '/mnt' }]
const pod = { podLabels: labels, podAnnotations: scalars, nodeSelector: labels, tolerations, affinity }
const serviceAccount = { annotations: scalars }
const service = { annotations: scalars }

const values: Loose = {
  podLabels: labels,
  global: { monitoring: { labels }, networkPolicy: { dnsTo: selectors } },
  defaults: {
    ...pod,
    extraVolumes,
    extraVolumeMounts,
    serviceAccount,
    service,
    networkPolicy: { apiFrom: selectors, egress: [{ to: selectors }] },
  },
  ingress: { enabled: true, annotations: scalars, tlsSecret: 'orders-tls' },
  httpRoute: { enabled: true, annotations: scalars, parentRefs: [{ name: 1, namespace: 2, port: 80 }] },
  operations: {
    serviceAccount,
    operatorTokens: { secret: 'operators' },
    console: { enabled: true, service, networkPolicy: { apiFrom: selectors } },
    toolbox: { enabled: true },
    audit: { exporter: { enabled: true } },
  },
  alerts: { labels: scalars },
  dashboards: { labels, annotations: scalars },
  rabbitmq: { ...pod, serviceAccount, service, networkPolicy: { managementFrom: selectors } },
  'order-db': {
    affinity: { nodeSelector: labels, tolerations, additionalPodAffinity: affinity },
    postgresql: { parameters: scalars },
    networkPolicy: { from: selectors, egress: [{ to: selectors }], apiServerTo: selectors },
    backup: { enabled: true, method: 'plugin', plugin: { name: 'barman', parameters: scalars } },
    recovery: {
      bootstrap: { source: 1, recoveryTarget: { targetXID: 12345678, targetName: 2024, targetImmediate: true } },
      externalClusters: [
        {
          name: 'origin',
          connectionParameters: { host: 'old', port: 5432 },
          plugin: { name: 'barman', parameters: scalars },
          password: { name: 1, key: 2 },
        },
        { name: 1, barmanObjectStore: { destinationPath: 's3://old', tags: scalars, historyTags: scalars } },
      ],
    },
  },
}
const asOperator: Loose = { ...values, rabbitmq: { ...values.rabbitmq, serviceAccount: {} } }

/** Values that the API server would reject in the middle of an installation. */
const rejected: [Loose, RegExp][] = [
  [{ podLabels: { team: 'a b' } }, /podLabels\/team.*does not match/],
  [{ podLabels: { team: 'x'.repeat(64) } }, /podLabels\/team/],
  [{ podLabels: { 'a/b/c': 'x' } }, /'a\/b\/c' does not match/],
  [{ podLabels: { 'a..b/c': 'x' } }, /'a\.\.b\/c' does not match/],
  [{ defaults: { podAnnotations: { 'a-.b/c': 'x' } } }, /'a-\.b\/c' does not match/],
  [{ image: { pullSecrets: ['a..b'] } }, /pullSecrets/],
  [{ rabbitmq: { storage: { storageClass: 'a.-b' } } }, /storageClass/],
  [{ podLabels: { team: { name: 'x' } } }, /podLabels\/team.*got object/],
  [{ defaults: { nodeSelector: { 'dedicated ': 'x' } } }, /'dedicated ' does not match/],
  [{ defaults: { podAnnotations: { 'a b': 'x' } } }, /'a b' does not match/],
  [{ defaults: { tolerations: [{ key: 'a', effect: 'Never' }] } }, /tolerations\/0\/effect/],
  [{ defaults: { tolerations: [{ name: 'a' }] } }, /tolerations\/0.*'name' not allowed/],
  [{ defaults: { livenessProbe: { successThreshold: 2 } } }, /livenessProbe\/successThreshold/],
  [{ services: { order: { startupProbe: { successThreshold: 2 } } } }, /startupProbe\/successThreshold/],
  [{ defaults: { topologySpreadKeys: ['zone', 'zone'] } }, /topologySpreadKeys/],
  [{ defaults: { priorityClassName: 'High Priority' } }, /priorityClassName/],
  [{ image: { pullSecrets: ['My_Secret'] } }, /pullSecrets/],
  [{ services: { order: { secretEnv: { NODE_X: { secret: 'A_B', key: 'x' } } } } }, /NODE_X\/secret/],
  [{ services: { order: { secretEnv: { NODE_X: { secret: 'a', key: 'x y' } } } } }, /NODE_X\/key/],
  [{ ingress: { enabled: true, host: 'http://orders.example.com' } }, /ingress\/host/],
  [{ httpRoute: { enabled: true, hostnames: ['Orders_1'] } }, /hostnames/],
  [{ global: { monitoring: { namespace: 'a.b' } } }, /monitoring\/namespace/],
  [{ global: { monitoring: { labels: { release: 'a b' } } } }, /monitoring\/labels/],
  [{ operations: { env: { 'A B': 'x' } } }, /'A B' does not match/],
  [{ alerts: { labels: { 'team.name': 'x' } } }, /'team.name' does not match/],
  [{ rabbitmq: { podLabels: { team: 'a b' } } }, /podLabels\/team/],
  [{ rabbitmq: { tolerations: [{ effect: 'x' }] } }, /tolerations/],
  [{ defaults: { tolerations: [{ key: 'a', operator: 'Exists', tolerationSeconds: 60 }] } }, /'effect'/],
  [
    { rabbitmq: { tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoSchedule', tolerationSeconds: 60 }] } },
    /effect.*NoExecute/,
  ],
  [{ defaults: { tolerations: [{ key: 'a', operator: 'Exists', value: 'x' }] } }, /tolerations\/0\/value/],
  [{ defaults: { tolerations: [{ operator: 'Equal', value: 'x' }] } }, /missing property 'key'/],
  [{ 'order-db': { affinity: { tolerations: [{ key: '', value: 'x' }] } } }, /minLength/],
  [{ defaults: { resources: { requests: { cpu: -1 } } } }, /requests\/cpu.*minimum/],
  [{ rabbitmq: { storage: { size: -1 } } }, /storage\/size/],
  [{ rabbitmq: { storage: { size: 0 } } }, /storage\/size/],
  [{ 'order-db': { storage: { size: '0Gi' } } }, /storage\/size/],
  [{ 'order-db': { walStorage: { size: -1 } } }, /walStorage\/size/],
  [{ 'order-db': { affinity: { nodeSelector: { a: 'b c' } } } }, /nodeSelector/],
  [{ 'order-db': { storage: { storageClass: 'Fast Disk' } } }, /storageClass/],
]

for (const helm of helms()) {
  describe(`values whose types differ from the API, with ${helm}`, () => {
    for (const [variant, given] of [
      [undefined, values],
      ['production-keda', values],
      ['operator', asOperator],
    ] as [Variant | undefined, Loose][]) {
      it(`become strings in string fields in ${variant ?? 'the defaults'}`, () => {
        const rendered = objectsWith({ values: given, helm, ...(variant === undefined ? {} : { variant }) })
        deepEqual(
          rendered.flatMap((object) => wrong(object, `${object.kind}/${object.metadata.name}`)),
          [],
        )
        const [order] = rendered.filter(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'shop-order')
        const { metadata, spec } = order.spec.template
        for (const [key, text] of Object.entries({ a: 'true', b: '1', c: '3000000', e: 'text' })) {
          equal(metadata.labels[key], text)
          equal(spec.nodeSelector[key], text)
        }
        equal(metadata.annotations.d, '0.00001')
        const { podSecurityContext } = spec
        ok(podSecurityContext === undefined && spec.securityContext.runAsUser === 10001)
      })
    }

    for (const [given, because] of rejected) {
      it(`or are rejected: ${JSON.stringify(given)}`, () => {
        const { code, err } = templateWith({ values: given, helm })
        notEqual(code, 0)
        match(err.replaceAll(/\s+/g, ' '), because)
      })
    }
  })
}
