import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { brokerUrl } from '@order-saga/chassis'
import { type Loose, parse, template } from './render.ts'

const stores = ['order', 'payment', 'inventory'] as const
const all = [
  'operations.audit.exporter.enabled=true',
  'operations.console.enabled=true',
  'operations.operatorTokens.secret=operators',
  'operations.toolbox.enabled=true',
]

interface Container {
  readonly where: string
  readonly env: Readonly<Record<string, Loose>>
}

function containers(...args: string[]): Container[] {
  const { code, out, err } = template([...all.flatMap((value) => ['--set', value]), ...args])
  equal(code, 0, err)
  return parse(out).flatMap(({ kind, metadata, spec }) => {
    const pod = kind === 'Pod' ? spec : kind === 'CronJob' ? spec.jobTemplate.spec.template.spec : spec?.template?.spec
    return [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])].map(({ name, env = [] }: Loose) => ({
      where: `${kind}/${metadata.name}/${name}`,
      env: Object.fromEntries(env.map((variable: Loose) => [variable.name, variable.value ?? variable.valueFrom])),
    }))
  })
}

/** The database addresses of a container, by prefix of the variables. */
function addresses({ env }: Container): Loose[] {
  return Object.keys(env)
    .flatMap((name) => /^((?:\w+_)?DB)_HOST$/.exec(name)?.[1] ?? [])
    .map((prefix) =>
      Object.fromEntries(['HOST', 'PORT', 'NAME', 'USER', 'PASSWORD'].map((part) => [part, env[`${prefix}_${part}`]])),
    )
}

describe('credentials', () => {
  it('are not part of composed strings', () => {
    for (const { where, env } of containers()) {
      for (const [name, value] of Object.entries(env)) {
        if (typeof value === 'string') ok(!/\$\(\w*(PASSWORD|USER)|:\/\/[^/]*:[^/]*@/.test(value), `${where}: ${name}`)
      }
    }
  })

  it('of databases are separate variables in every pod that uses a database', () => {
    const host = 'fd00::1'
    const outside = stores.flatMap((store) => [
      '--set',
      `${store}-db.enabled=false,services.${store}.database.port=6432`,
      '--set-string',
      `services.${store}.database.host=${host},services.${store}.database.name=${store} db/%1`,
      '--set-string',
      `services.${store}.database.existingSecret=${store}-login`,
    ])
    const found = new Map(containers(...outside).map((container) => [container.where, addresses(container)]))
    const expected = (store: string): Loose => ({
      HOST: host,
      PORT: '6432',
      NAME: `${store} db/%1`,
      USER: { secretKeyRef: { name: `${store}-login`, key: 'username' } },
      PASSWORD: { secretKeyRef: { name: `${store}-login`, key: 'password' } },
    })
    let services = 0
    for (const [where, given] of found) {
      const [, store = ''] = /^(?:Deployment|Job)\/shop-(order|payment|inventory)(?:-migrate-\w+)?\//.exec(where) ?? []
      if (store !== '') services += 1
      if (store !== '') deepEqual(given, [expected(store)], where)
      else if (/notification|rabbitmq/.test(where)) deepEqual(given, [], where)
      else deepEqual(given, stores.map(expected), where)
    }
    equal(services, 9)
    deepEqual(
      [...found]
        .filter(([, given]) => given.length === 3)
        .map(([where]) => where.replace(/^.*\//, ''))
        .toSorted(),
      ['audit', 'audit-exporter', 'console', 'saga-drill', 'toolbox'],
    )
  })

  for (const [vhost, path] of Object.entries({
    '/': '%2F',
    'order saga': 'order%20saga',
    'a+b/c': 'a%2Bb%2Fc',
    'p#a?b%c@d': 'p%23a%3Fb%25c%40d',
  })) {
    it(`of the broker have the virtual host ${vhost} as ${path}`, () => {
      const given = containers('--set-string', `global.messaging.vhost=${vhost}`).filter(
        ({ env }) => 'RABBITMQ_URL' in env,
      )
      equal(given.length, 9)
      for (const { where, env } of given) {
        match(
          env['RABBITMQ_URL'],
          new RegExp(`^amqp://(order|payment|inventory|notification|operations)@shop-rabbitmq:5672/`),
        )
        equal(env['RABBITMQ_URL'].split('/').at(-1), path, where)
        const url = new URL(brokerUrl({ rabbitmqUrl: env['RABBITMQ_URL'], rabbitmqPassword: 'p@ss/w#rd%1:x' }))
        equal(decodeURIComponent(url.password), 'p@ss/w#rd%1:x')
        equal(decodeURIComponent(url.pathname.slice(1)), vhost)
        equal(env['RABBITMQ_PASSWORD'].secretKeyRef.key, url.username)
      }
    })
  }

  it('of the broker have the virtual host in the encoding of KEDA', () => {
    const triggers = (vhost: string): Loose[] => {
      const { out } = template([
        '--set',
        'autoscaling.provider=keda',
        '--set-string',
        `global.messaging.vhost=${vhost}`,
      ])
      return parse(out)
        .filter(({ kind }) => kind === 'ScaledObject')
        .map(({ spec }) => spec.triggers[0].metadata)
    }
    for (const { host, vhostName } of triggers('a+b'))
      deepEqual([host, vhostName], ['http://shop-rabbitmq.orders.svc:15672/', 'a+b'])
    for (const { host, vhostName } of triggers('order saga')) {
      deepEqual([host, vhostName], ['http://shop-rabbitmq.orders.svc:15672/order%20saga', undefined])
    }
  })

  it('of the broker may contain any printable character', () => {
    const { code, err } = template(['--set-string', 'rabbitmq.auth.passwords.order=p@ss/w#rd%1:x'])
    equal(code, 0, err)
  })
})
