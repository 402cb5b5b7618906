import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { helms } from '../../tools/ci/src/programs.ts'
import { type Loose, objectsWith, podsOf } from './render.ts'

const everything = {
  operations: {
    console: { enabled: true },
    operatorTokens: { secret: 'operators' },
    audit: { exporter: { enabled: true } },
  },
}
const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const apis = ['Deployment/shop-console', 'Deployment/shop-inventory', 'Deployment/shop-order']

for (const helm of helms()) {
  describe(`the addresses on which pods listen, with ${helm}`, () => {
    for (const [given, address] of [
      [{}, '0.0.0.0'],
      [{ listenAddress: '::' }, '::'],
    ] as const) {
      it(`are ${address} in every process with a port, since probes and Services use the address of the pod`, () => {
        const processes = podsOf(objectsWith({ helm, values: { ...everything, ...given } })).filter(({ spec }) =>
          (spec.containers[0].ports ?? []).some(({ name }: Loose) => name === 'ops'),
        )
        ok(processes.length === 6, `${processes.length} processes`)
        for (const { name, spec } of processes) {
          const env: Loose[] = spec.containers[0].env
          const hosts = env.filter((variable) => /^(HTTP|OPS)_HOST$/.test(variable.name))
          const expected = apis.includes(name) ? ['HTTP_HOST', 'OPS_HOST'] : ['OPS_HOST']
          deepEqual(
            hosts,
            expected.map((variable) => ({ name: variable, value: address })),
            name,
          )
        }
      })
    }
  })
}

describe('the addresses on which containers listen', () => {
  for (const file of ['services/Dockerfile', 'services/Dockerfile.dev']) {
    it(`are all of the container in the images of ${file}`, () => {
      match(read(file), /^ENV HTTP_HOST=0\.0\.0\.0 OPS_HOST=0\.0\.0\.0$/m)
    })
  }

  it('are all of the container in Compose, and its ports are published on the loopback address', () => {
    const compose: Loose = load(read('compose.yaml'))
    const serving = Object.entries<Loose>(compose.services).flatMap(([name, { environment }]) => {
      const parts: Loose[] = [environment?.['<<'] ?? []].flat()
      return parts.filter(({ OPS_PORT }) => OPS_PORT !== undefined).map((part) => ({ name, part }))
    })
    equal(serving.length, 6)
    for (const { name, part } of serving) {
      deepEqual([part.HTTP_HOST, part.OPS_HOST], ['0.0.0.0', '0.0.0.0'], name)
    }
    for (const [name, { ports = [] }] of Object.entries<Loose>(compose.services)) {
      for (const published of ports) match(published, /^127\.0\.0\.1:/, name)
    }
  })
})
