import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { type Loose, objects, objectsWith, pods, podsOf, type Variant, variantNames } from './render.ts'

type Labels = Record<string, string>
interface Peer {
  readonly labels: Labels
  readonly namespace: string
}

const release: Labels = { 'app.kubernetes.io/instance': 'shop' }
const here = (labels: Labels): Peer => ({ labels, namespace: 'orders' })
const elsewhere = (namespace: string): Peer => ({ labels: {}, namespace })
const component = (name: string): Labels => ({
  ...release,
  'app.kubernetes.io/name': 'order-saga',
  'app.kubernetes.io/component': name,
})
/** Pods of the chart, or of the operator, which sets its own name label. */
const brokerOf = (variant: Variant): Labels =>
  variant === 'operator'
    ? { ...component('rabbitmq'), 'app.kubernetes.io/name': 'shop-rabbitmq' }
    : component('rabbitmq')
const database = (service: string): Peer => here({ ...release, 'cnpg.io/cluster': `shop-${service}-db` })

/** Evaluates the subset of NetworkPolicy that the chart uses: label equality and numeric ports. */
function selects(selector: Loose, labels: Labels): boolean {
  return Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
}

function names(peers: Loose[] | undefined, other: Peer): boolean {
  if (peers === undefined || peers.length === 0) return true
  return peers.some(({ podSelector, namespaceSelector, ipBlock }) => {
    if (ipBlock !== undefined) return false
    if (namespaceSelector === undefined) return other.namespace === 'orders' && selects(podSelector, other.labels)
    return (
      selects(namespaceSelector, {
        'kubernetes.io/metadata.name': other.namespace,
      }) && selects(podSelector, other.labels)
    )
  })
}

function permits(variant: Variant, direction: 'ingress' | 'egress', pod: Peer, other: Peer, port: number): boolean {
  if (pod.namespace !== 'orders') return true
  const policies = objects(variant, 'NetworkPolicy').filter(
    ({ spec }) =>
      spec.policyTypes.includes(direction === 'ingress' ? 'Ingress' : 'Egress') &&
      selects(spec.podSelector, pod.labels),
  )
  if (policies.length === 0) return true
  return policies.some(({ spec }) =>
    (spec[direction] ?? []).some(
      (rule: Loose) =>
        (rule.ports === undefined || rule.ports.some((allowed: Loose) => allowed.port === port)) &&
        names(direction === 'ingress' ? rule.from : rule.to, other),
    ),
  )
}

const reaches = (variant: Variant, from: Peer, to: Peer, port: number): boolean =>
  permits(variant, 'egress', from, to, port) && permits(variant, 'ingress', to, from, port)

/** The connection targets in a pod's environment. */
function targets(variant: Variant, spec: Loose): { to: Peer; port: number }[] {
  const found: { to: Peer; port: number }[] = []
  for (const { env = [] } of [...(spec.initContainers ?? []), ...spec.containers]) {
    for (const { name, value = '' } of env as {
      name: string
      value?: string
    }[]) {
      const db = /shop-(order|payment|inventory)-db-rw/.exec(value)
      if (db !== null) found.push({ to: database(db[1] ?? ''), port: 5432 })
      else if (name === 'RABBITMQ_URL' && value.includes('shop-rabbitmq')) {
        found.push({ to: here(brokerOf(variant)), port: 5672 })
      } else if (name === 'RABBITMQ_MANAGEMENT_URL') found.push({ to: here(brokerOf(variant)), port: 15_672 })
      else if (name.endsWith('_OPS_URL')) {
        match(value, /^http:\/\/shop-(order|payment|inventory|notification)-metrics:9464$/)
        found.push({ to: here(component(value.slice('http://shop-'.length, -'-metrics:9464'.length))), port: 9464 })
      } else if (name === 'ORDER_URL') found.push({ to: here(component('order')), port: 3000 })
      else if (name === 'INVENTORY_URL') found.push({ to: here(component('inventory')), port: 3001 })
    }
  }
  return found
}

for (const variant of variantNames.filter((name) => name !== 'external')) {
  describe(`network policies of ${variant}`, () => {
    const all = pods(variant)
    const peerOf = (name: string): Peer => {
      const pod = all.find((candidate) => candidate.name === `Deployment/shop-${name}`)
      if (pod === undefined) throw new Error(`${name} does not exist`)
      return here(pod.labels)
    }
    const has = (name: string): boolean => all.some((pod) => pod.name === `Deployment/shop-${name}`)
    const services = ['order', 'payment', 'inventory', 'notification']

    it('allow every pod its configured connections', () => {
      let checked = 0
      for (const { name, labels, spec } of all) {
        for (const { to, port } of targets(variant, spec)) {
          ok(reaches(variant, here(labels), to, port), `${name} to ${JSON.stringify(to.labels)} ${port}`)
          checked += 1
        }
      }
      ok(checked >= 14, `${checked} connections`)
    })

    it('allow every pod to query DNS', () => {
      for (const { labels } of all) ok(permits(variant, 'egress', here(labels), elsewhere('kube-system'), 53))
    })

    it('allow a service to connect only to its own database', () => {
      for (const service of services) {
        const reached = ['order', 'payment', 'inventory'].filter((other) =>
          reaches(variant, peerOf(service), database(other), 5432),
        )
        deepEqual(reached, service === 'notification' ? [] : [service])
      }
    })

    it('deny connections between services, and to the broker except AMQP', () => {
      for (const from of services) {
        for (const [to, port] of [
          ['order', 9464],
          ['payment', 9464],
          ['inventory', 3001],
          ['rabbitmq', 15_672],
          ['rabbitmq', 25_672],
        ] as const) {
          equal(
            reaches(variant, peerOf(from), here(to === 'rabbitmq' ? brokerOf(variant) : component(to)), port),
            false,
            `${from} to ${to} ${port}`,
          )
        }
      }
    })

    it('allow Prometheus to metrics, KEDA to the management API, and the operator to the database instances', () => {
      const monitoring = elsewhere('monitoring')
      const ofOperations = ['audit-exporter', 'console'].filter((name) => has(name))
      for (const service of [...services, ...ofOperations])
        ok(reaches(variant, monitoring, peerOf(service), 9464), service)
      ok(reaches(variant, monitoring, here(brokerOf(variant)), 15_692))
      ok(reaches(variant, monitoring, database('order'), 9187))
      ok(reaches(variant, elsewhere('keda'), here(brokerOf(variant)), 15_672))
      ok(reaches(variant, elsewhere('cnpg-system'), database('payment'), 8000))
      ok(reaches(variant, database('payment'), database('payment'), 5432))
      ok(permits(variant, 'egress', database('payment'), elsewhere('default'), 6443))
    })

    it('allow broker nodes to form a cluster', () => {
      const node = here(brokerOf(variant))
      for (const port of [4369, 5672, 25_672]) ok(reaches(variant, node, node, port), String(port))
    })

    it('deny pods outside the release', () => {
      const stranger = elsewhere('default')
      for (const [to, port] of [
        [here(brokerOf(variant)), 5672],
        [here(brokerOf(variant)), 15_672],
        [database('order'), 5432],
        [peerOf('inventory'), 3001],
        [peerOf('order'), 9464],
      ] as const) {
        equal(reaches(variant, stranger, to, port), false, `${JSON.stringify(to.labels)} ${port}`)
      }
      ok(reaches(variant, stranger, peerOf('order'), 3000), 'the order API allows all sources unless apiFrom is set')
    })

    it('deny the ops ports and the management API to all programs of operations but console and toolbox', () => {
      for (const { labels, name } of all) {
        const inspects = ['Deployment/shop-console', 'Deployment/shop-toolbox'].includes(name)
        equal(reaches(variant, here(labels), peerOf('payment'), 9464), inspects, name)
        equal(reaches(variant, here(labels), here(brokerOf(variant)), 15_672), inspects, name)
      }
    })

    if (!has('console')) return
    it('allow the console to apiFrom or all sources, and its metrics only to Prometheus', () => {
      equal(reaches(variant, elsewhere('default'), peerOf('console'), 3002), variant !== 'operator')
      ok(reaches(variant, elsewhere('operators'), peerOf('console'), 3002))
      equal(reaches(variant, elsewhere('operators'), peerOf('console'), 9464), false)
    })
  })
}

describe('the network policy to the issuer of access tokens', () => {
  const auth = { mode: 'jwt', issuer: 'i', audience: 'a' }
  const operations = { operatorTokens: { secret: 't' }, console: { enabled: true }, toolbox: { enabled: true } }
  const rendered = (values: Loose): Loose[] =>
    objectsWith({ variant: 'test', values: { operations, drill: { token: { secret: 't' } }, ...values } })
  const policyOf = (all: Loose[]): Loose =>
    all.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'shop-to-issuer')?.spec

  it('allows its port, and no addresses but those given', () => {
    const peers = [{ ipBlock: { cidr: '192.0.2.0/24' } }]
    for (const [jwksUrl, port] of [
      ['https://login.example/certs', 443],
      ['http://login.example/certs', 80],
      ['https://login.example:8443/certs', 8443],
      ['https://[2001:db8::1]/certs', 443],
      ['https://[2001:db8::1]:8443/certs', 8443],
    ] as const) {
      deepEqual(policyOf(rendered({ auth: { ...auth, jwksUrl } })).egress, [{ ports: [{ port }] }], jwksUrl)
      const restricted = policyOf(rendered({ auth: { ...auth, jwksUrl, issuerTo: peers } }))
      deepEqual(restricted.egress, [{ ports: [{ port }], to: peers }], jwksUrl)
    }
  })

  it('selects the programs that verify tokens, and does not exist without tokens', () => {
    const all = rendered({ auth: { ...auth, jwksUrl: 'https://login.example/certs' } })
    const selected = podsOf(all).filter(({ labels }) => selects(policyOf(all).podSelector, labels))
    const programs = ['console', 'inventory', 'order', 'toolbox'].map((name) => `Deployment/shop-${name}`)
    deepEqual(selected.map(({ name }) => name).toSorted(), programs)
    equal(policyOf(rendered({})), undefined)
  })
})
