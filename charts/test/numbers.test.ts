import { doesNotMatch, equal, match, ok } from 'node:assert/strict'
import { helms } from '../../tools/ci/src/programs.ts'
import { type Loose, objectsWith, podsOf, templateWith, type Variant } from './render.ts'
import { accepted, paths, set, valuesOf } from './values-walk.ts'

const resources = { requests: { cpu: 1, memory: 1073741824 }, limits: { cpu: 2.5, memory: 2147483648 } }
const values: Loose = {
  defaults: { resources, initResources: resources },
  migrations: { resources },
  operations: { resources },
  rabbitmq: { resources, initResources: resources, storage: { size: 10737418240 } },
  'order-db': {
    resources,
    storage: { size: 10737418240 },
    walStorage: { size: 1073741824 },
    postgresql: { parameters: { shared_buffers: 1048576, random_page_cost: 1.1, jit: false } },
  },
}

for (const helm of helms()) {
  describe(`numbers of a values file, with ${helm}`, () => {
    it('are rendered as strings of digits in quantities, sizes and settings', () => {
      for (const mode of ['statefulset', 'operator']) {
        const rendered = objectsWith({ values: { ...values, rabbitmq: { ...values.rabbitmq, mode } }, helm })
        for (const { name, spec } of podsOf(rendered)) {
          for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
            equal(container.resources.limits.memory, '2147483648', name)
            equal(container.resources.limits.cpu, '2.5', name)
            equal(container.resources.requests.cpu, '1', name)
          }
        }
        const one = (kind: string, name: string): Loose =>
          rendered.find((object) => object.kind === kind && object.metadata.name === name)
        const { spec } = one('Cluster', 'shop-order-db')
        equal(spec.storage.size, '10737418240')
        equal(spec.walStorage.size, '1073741824')
        equal(spec.resources.limits.memory, '2147483648')
        equal(spec.postgresql.parameters.shared_buffers, '1048576')
        equal(spec.postgresql.parameters.random_page_cost, '1.1')
        equal(spec.postgresql.parameters.jit, 'false')
        if (mode === 'operator') {
          const broker = one('RabbitmqCluster', 'shop-rabbitmq').spec
          equal(broker.persistence.storage, '10737418240')
          equal(broker.resources.limits.memory, '2147483648')
        } else {
          const [claim] = one('StatefulSet', 'shop-rabbitmq').spec.volumeClaimTemplates
          equal(claim.spec.resources.requests.storage, '10737418240')
          match(one('ConfigMap', 'shop-rabbitmq-config').data['rabbitmq.conf'], /override_value = 1717986918$/m)
        }
      }
    })

    for (const variant of [undefined, 'production-keda', 'external'] as (Variant | undefined)[]) {
      it(`have no exponent, if the schemas allow large ones, in ${variant ?? 'the defaults'}`, () => {
        const large = valuesOf(variant, { operations: { audit: { exporter: { enabled: true } } } })
        large['order-db'].postgresql.maxConnections = 10000
        const taken = paths(large, (value) => typeof value === 'number').filter((path) => {
          // The delays must increase.
          if (path.includes('retryDelaysMs') && path.at(-1) !== 3) return false
          const before = structuredClone(large)
          set(large, path, path.includes('minReplicas') || path.includes('maxReplicas') ? 5 : 3000000)
          if (accepted(large)) return true
          Object.assign(large, before)
          return false
        })
        ok(taken.length > 10)
        const { code, out, err } = templateWith({ values: large, helm, ...(variant === undefined ? {} : { variant }) })
        equal(code, 0, err)
        doesNotMatch(out, /\b3e\+/)
      })
    }

    it('are rejected if a request exceeds its limit', () => {
      for (const [request, limit] of [
        [2, '1500m'],
        ['600Mi', 500000000],
        [1, 0.5],
      ]) {
        const kind = typeof request === 'string' ? 'memory' : 'cpu'
        const wrong = { defaults: { resources: { requests: { [kind]: request }, limits: { [kind]: limit } } } }
        match(templateWith({ values: wrong, helm }).err, new RegExp(`the request of ${kind} .* exceeds its limit`))
      }
    })
  })
}
