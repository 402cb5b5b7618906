import { deepEqual, equal, match, notEqual } from 'node:assert/strict'
import { helms, run } from '../../tools/ci/src/programs.ts'
import { charts, type Loose, objectsWith, podsOf, templateWith } from './render.ts'

const production = { global: { production: { requireDigests: true } } }
const sha = `sha256:${'a'.repeat(64)}`
const all = {
  audit: { exporter: { enabled: true } },
  console: { enabled: true },
  operatorTokens: { secret: 'operators' },
  toolbox: { enabled: true },
}
const keys = [
  ...['order', 'payment', 'inventory', 'notification'].map((service) => `services.${service}.image.digest`),
  'operations.image.digest',
  'rabbitmq.image.digest',
  ...['order', 'payment', 'inventory'].map((store) => `${store}-db.image.digest`),
]

/** Values with a key, written as a path, added to others. */
function withKey(values: Loose, path: string, value: Loose): Loose {
  const copy = structuredClone(values)
  let at = copy
  const names = path.split('.')
  for (const name of names.slice(0, -1)) at = at[name] ??= {}
  at[names.at(-1) ?? ''] = value
  return copy
}

const complete = keys.reduce((values, key) => withKey(values, key, sha), { ...production, operations: all } as Loose)
const imagesOf = (objects: Loose[]): string[] => [
  ...podsOf(objects).flatMap(({ spec }) => [...(spec.initContainers ?? []), ...spec.containers].map((c) => c.image)),
  ...objects.filter(({ kind }) => kind === 'Cluster').map(({ spec }) => spec.imageName),
  ...objects.filter(({ kind }) => kind === 'RabbitmqCluster').map(({ spec }) => spec.image),
]

for (const helm of helms()) {
  describe(`required digests, with ${helm}`, () => {
    it('are missing in all images of the defaults, in one sentence with their values', () => {
      const { code, err } = templateWith({ values: production, helm })
      notEqual(code, 0)
      const [sentence = ''] = /global\.production\.requireDigests is true: .*\./.exec(err) ?? []
      deepEqual([...sentence.matchAll(/[\w.-]+\.digest/g)].map(String), keys)
    })

    for (const key of keys) {
      it(`are required in ${key}`, () => {
        const { code, err } = templateWith({ values: withKey(complete, key, ''), helm })
        notEqual(code, 0)
        match(err, new RegExp(`requireDigests is true: set ${key} \\(the image is [^)]+\\) to a digest`))
      })
    }

    for (const mode of ['statefulset', 'operator']) {
      it(`are then in every image of every object, with the broker's mode ${mode}`, () => {
        const images = imagesOf(objectsWith({ values: withKey(complete, 'rabbitmq.mode', mode), helm }))
        equal(images.length >= 19, true, String(images.length))
        for (const image of images) match(image, /@sha256:a{64}$/)
      })
    }

    it('may be part of a tag or of a name', () => {
      const [tag, name] = [`1.2.3@${sha}`, `ghcr.io/cloudnative-pg/postgresql:17@${sha}`]
      const values = [
        ['image.tag', tag],
        ...keys.slice(0, 5).map((key) => [key, '']),
        ['order-db.image', { name, digest: '' }],
      ].reduce((before, [path, value]) => withKey(before, path as string, value), complete)
      for (const image of imagesOf(objectsWith({ values, helm }))) match(image, /@sha256:a{64}$/)
    })

    it('are not asked of servers outside the release', () => {
      const external = { host: 'db.example.com', existingSecret: 'db' }
      const services = Object.fromEntries(
        ['order', 'payment', 'inventory'].map((name) => [name, { image: { digest: sha }, database: external }]),
      )
      const values = {
        ...production,
        services: { ...services, notification: { image: { digest: sha } } },
        operations: { image: { digest: sha } },
        rabbitmq: { enabled: false },
        externalBroker: { existingSecret: 'broker' },
        ...Object.fromEntries(['order-db', 'payment-db', 'inventory-db'].map((name) => [name, { enabled: false }])),
      }
      equal(templateWith({ values, helm }).err, '')
    })

    it('are required in extraObjects', () => {
      const pod = (image: string): Loose => ({ kind: 'Pod', spec: { initContainers: [{ image }], containers: [] } })
      const text = (image: string): string =>
        `kind: ConfigMap\n---\nkind: Pod\nspec: { containers: [{ image: ${image} }] }`
      for (const object of [pod, text]) {
        const values = (image: string): Loose => withKey(complete, 'extraObjects', [object(image)])
        match(
          templateWith({ values: values('busybox'), helm }).err,
          /the image in extraObjects\[0\] \(the image is busybox\)/,
        )
        equal(templateWith({ values: values(`busybox@${sha}`), helm }).code, 0)
      }
    })

    it('are required by the sub-charts alone', () => {
      for (const [chart, ...args] of [['rabbitmq'], ['postgres', '--set', 'database=orders,owner=orders']]) {
        const rendered = (value: string): Loose =>
          run(helm, [
            'template',
            'x',
            charts + chart,
            '--kube-version',
            '1.34.0',
            '--set',
            'global.production.requireDigests=true',
            ...args,
            '--set',
            value,
          ])
        match(rendered('image.digest=').err, /set image\.digest \(the image is /)
        equal(rendered(`image.digest=${sha}`).code, 0)
      }
    })
  })
}
