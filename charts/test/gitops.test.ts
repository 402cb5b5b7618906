import { deepEqual, doesNotMatch, equal, match, notDeepEqual, notEqual } from 'node:assert/strict'
import { helms, run } from '../../tools/ci/src/programs.ts'
import { charts, type Loose, objectsWith, templateWith, umbrella } from './render.ts'

const keys = ['admin', 'order', 'payment', 'inventory', 'notification', 'operations', 'monitoring', 'erlang-cookie']
const passwords = Object.fromEntries(keys.map((key) => [key, `${key.replace('-', '')}password`]))
const warning = /WARNING: rendered without a cluster/

const refusal =
  /rabbitmq\.auth\.generate is false: set rabbitmq\.auth\.existingSecret, or rabbitmq\.auth\.passwords with all keys/

for (const helm of helms()) {
  const broker = (auth: Loose): Loose => ({ helm, values: { rabbitmq: { auth } } })
  /** NOTES.txt, which `helm template` does not print. */
  const notes = (...args: string[]): string => run(helm, ['install', 'shop', umbrella, '--dry-run=client', ...args]).out

  describe(`rendering without a cluster, with ${helm}`, () => {
    it('adds a warning to a Secret with generated passwords, which change at each rendering', () => {
      match(templateWith(broker({})).out, warning)
      match(templateWith(broker({ passwords: { order: 'orderpassword' } })).out, warning)
      notDeepEqual(objectsWith(broker({})), objectsWith(broker({})))
    })

    for (const auth of [{ existingSecret: 'broker' }, { passwords }]) {
      for (const generate of [true, false]) {
        it(`renders the same manifests each time with ${Object.keys(auth).join()} and generate ${generate}`, () => {
          doesNotMatch(templateWith(broker({ ...auth, generate })).out, warning)
          deepEqual(objectsWith(broker({ ...auth, generate })), objectsWith(broker({ ...auth, generate })))
        })
      }
    }

    for (const given of [{}, { passwords: { ...passwords, 'erlang-cookie': undefined } }]) {
      it(`does not generate ${given.passwords === undefined ? 'passwords' : 'one password'} with generate false`, () => {
        for (const chart of [umbrella, `${charts}rabbitmq`]) {
          const auth = { ...given, generate: false }
          const { code, err } = templateWith({
            helm,
            chart,
            values: chart === umbrella ? { rabbitmq: { auth } } : { auth },
          })
          notEqual(code, 0)
          match(err, refusal)
        }
      })
    }

    it('requires no passwords for an external broker', () => {
      const values = {
        rabbitmq: { enabled: false, auth: { generate: false } },
        externalBroker: { existingSecret: 'b' },
      }
      equal(templateWith({ helm, values }).code, 0)
    })

    it('renders no replicas field for a Deployment with an autoscaler', () => {
      for (const { kind, spec, metadata } of objectsWith(broker({ passwords }))) {
        if (kind === 'Deployment') equal(spec.replicas, undefined, metadata.name)
      }
    })

    it('adds a warning to NOTES.txt if passwords change at each rendering', function () {
      // Helm 3 contacts the cluster even in a dry run.
      if (notes() === '') this.skip()
      match(notes(), warning)
      doesNotMatch(notes('--set', 'rabbitmq.auth.existingSecret=broker'), warning)
    })
  })
}
