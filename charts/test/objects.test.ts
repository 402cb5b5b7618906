import { deepEqual, equal } from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dump } from 'js-yaml'
import { type Loose, objects, parse, render, variantNames } from './render.ts'
import { goModule, tool } from '../../tools/ci/src/go-tools.ts'
import { onPath, run } from '../../tools/ci/src/programs.ts'

/** The CRDs of the kinds used by the charts, from the operators' sources. */
const operators = {
  'CloudNativePG 1.27': ['github.com/cloudnative-pg/cloudnative-pg@v1.27.0', 'config/crd/bases'],
  'CloudNativePG 1.30': ['github.com/cloudnative-pg/cloudnative-pg@v1.30.0', 'config/crd/bases'],
  'Prometheus operator 0.93': [
    'github.com/prometheus-operator/prometheus-operator@v0.93.1',
    'example/prometheus-operator-crd',
  ],
  'KEDA 2.20': ['github.com/kedacore/keda/v2@v2.20.2', 'config/crd/bases'],
  'RabbitMQ cluster operator 2.22': ['github.com/rabbitmq/cluster-operator/v2@v2.22.1', 'config/crd/bases'],
  'Gateway API 1.4': ['sigs.k8s.io/gateway-api@v1.4.0', 'config/crd/standard'],
} as const

describe('custom resources against the CRDs of their operators', () => {
  let folder: string

  before(function () {
    this.timeout(900_000)
    folder = mkdtempSync(join(tmpdir(), 'order-saga-schemas-'))
    tool('kubeconform')
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const [operator, [module, path]] of Object.entries(operators)) {
    it(operator, function () {
      this.timeout(300_000)
      const schemas = join(folder, operator.replaceAll(/\W/g, '-'))
      const groups = writeSchemas(join(goModule(module), path), schemas)
      const theirs = variantNames.flatMap((variant) =>
        objects(variant).filter(({ apiVersion }) => groups.has(String(apiVersion).split('/')[0] ?? '')),
      )
      equal(theirs.length > 0, true, 'nothing to check')
      const { code, out, err } = run(
        tool('kubeconform'),
        [
          '-strict',
          '-summary',
          '-schema-location',
          `${schemas}/{{.Group}}_{{.ResourceKind}}_{{.ResourceAPIVersion}}.json`,
          '-',
        ],
        theirs.map((object) => dump(object)).join('\n---\n'),
      )
      equal(code, 0, out + err)
    })
  }
})

/** @returns the validated API groups */
function writeSchemas(source: string, target: string): Set<string> {
  const groups = new Set<string>()
  run('mkdir', ['-p', target])
  for (const file of readdirSync(source).filter((name) => name.endsWith('.yaml'))) {
    for (const { kind, spec } of parse(readFileSync(join(source, file), 'utf8'))) {
      if (kind !== 'CustomResourceDefinition') continue
      groups.add(spec.group)
      for (const { name, schema } of spec.versions) {
        const path = join(target, `${spec.group}_${spec.names.kind.toLowerCase()}_${name}.json`)
        const closed = close(schema.openAPIV3Schema)
        closed.properties.metadata = { type: 'object' }
        writeFileSync(path, JSON.stringify(closed))
      }
    }
  }
  return groups
}

/** The API server prunes unknown fields silently; here they are errors. */
function close(schema: Loose): Loose {
  if (schema === null || typeof schema !== 'object') return schema
  if (Array.isArray(schema)) return schema.map(close)
  const closed: Loose = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, close(value)]))
  if (closed['x-kubernetes-int-or-string'] === true) delete closed.type
  const open = closed['x-kubernetes-preserve-unknown-fields'] === true || closed.additionalProperties !== undefined
  if (closed.type === 'object' && closed.properties !== undefined && !open) closed.additionalProperties = false
  return closed
}

describe('all objects against the API server of the current kubeconfig', () => {
  const namespace = 'order-saga-dry-run'
  let kinds: Set<string>

  before(function () {
    if (
      onPath('kubectl') === undefined ||
      run('kubectl', ['get', '--raw=/readyz', '--request-timeout=3s']).code !== 0
    ) {
      if (process.env['CI'] !== undefined) throw new Error('CI requires a cluster, but no API server responds.')
      this.skip()
    }
    kinds = new Set(run('kubectl', ['api-resources', '--no-headers', '-o', 'name']).out.trim().split('\n'))
    apply({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: namespace,
        labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
      },
    })
    // Admission of a bare pod requires its service account.
    for (const name of ['shop-operations', 'orders-operations']) {
      apply({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name, namespace },
      })
    }
  })

  after(() => {
    if (kinds !== undefined) run('kubectl', ['delete', 'namespace', namespace, '--wait=false'])
  })

  for (const variant of variantNames) {
    it(`${variant} is accepted in a namespace that enforces restricted pods`, () => {
      const known = parse(render(variant)).filter(({ apiVersion, kind, spec }) => {
        // CloudNativePG rejects these without a snapshot controller.
        const snapshots = kind !== 'ScheduledBackup' || spec.method !== 'volumeSnapshot'
        return isKnown(apiVersion, kind) && (snapshots || isKnown('snapshot.storage.k8s.io/v1', 'VolumeSnapshot'))
      })
      for (const object of known) object.metadata.namespace = namespace
      const { code, err } = run(
        'kubectl',
        ['apply', '--dry-run=server', '--server-side', '--validate=strict', '-f', '-'],
        known.map((object) => dump(object)).join('\n---\n'),
      )
      // Pod Security only warns about the pod template of a Deployment or Job.
      const said = err.split('\n').filter((line) => line !== '' && !/^Warning: (?!.*PodSecurity)/.test(line))
      deepEqual({ code, said }, { code: 0, said: [] })
    })
  }

  function isKnown(apiVersion: string, kind: string): boolean {
    const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : ''
    const plural = kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : kind.endsWith('s') ? `${kind}es` : `${kind}s`
    return kinds.has(`${plural.toLowerCase()}${group}`)
  }
})

function apply(object: Loose): void {
  const { code, err } = run('kubectl', ['apply', '--server-side', '-f', '-'], JSON.stringify(object))
  if (code !== 0) throw new Error(err)
}
