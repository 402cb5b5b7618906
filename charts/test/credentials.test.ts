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

  const logins = ({ env }: Container): Loose =>
    Object.fromEntries(
      Object.entries(env).flatMap(([name, value]) =>
        /DB_(\w+_)?(USER|PASSWORD)$/.test(name) ? [[name, value.secretKeyRef.name]] : [],
      ),
    )
  const mode = ['operations.console.mode=full', 'operations.operatorTokens.secret=token']
  const full = mode.flatMap((value) => ['--set', value])

  it('of databases are those of the role that a program needs, and the owner is used by migrations only', () => {
    const reader = stores.flatMap((store) =>
      ['USER', 'PASSWORD'].map((part) => [`${store.toUpperCase()}_DB_${part}`, `shop-${store}-db-reader`]),
    )
    const operator = stores.flatMap((store) =>
      ['USER', 'PASSWORD'].map((part) => [`${store.toUpperCase()}_OPERATOR_DB_${part}`, `shop-${store}-db-operator`]),
    )
    const reads: Loose = Object.fromEntries(reader)
    const acts = { ...reads, ...Object.fromEntries(operator) }
    const runtime = stores.flatMap((store) =>
      ['USER', 'PASSWORD'].map((part) => [`${store.toUpperCase()}_RUNTIME_DB_${part}`, `shop-${store}-db-runtime`]),
    )
    const previews = { ...acts, ...Object.fromEntries(runtime) }
    for (const [args, ofConsole] of [
      [[], reads],
      [full, acts],
    ] as const) {
      for (const container of containers(...args)) {
        const { where } = container
        const [, store = ''] = /shop-(order|payment|inventory)\b/.exec(where) ?? []
        const of = (role: string): string => `shop-${store}-db-${role}`
        if (/^Job.*migrate/.test(where)) {
          const roles = ['runtime', 'reader', 'operator'].map((role) => [`DB_${role.toUpperCase()}_USER`, of(role)])
          const given = { DB_USER: of('app'), DB_PASSWORD: of('app'), ...Object.fromEntries(roles) }
          deepEqual(logins(container), given, where)
        } else if (store !== '') {
          deepEqual(logins(container), { DB_USER: of('runtime'), DB_PASSWORD: of('runtime') }, where)
        } else if (/audit|drill/.test(where)) deepEqual(logins(container), reads, where)
        else if (/console/.test(where)) deepEqual(logins(container), ofConsole, where)
        else if (/toolbox/.test(where)) deepEqual(logins(container), previews, where)
        else deepEqual(logins(container), {}, where)
      }
    }
  })

  it('of the roles are managed by the operator, from Secrets that no rendering without a cluster contains', () => {
    const { out } = template([])
    const clusters = parse(out).filter(({ kind }) => kind === 'Cluster')
    equal(clusters.length, 3)
    for (const { metadata, spec } of clusters) {
      const roles = spec.managed.roles.map(({ name, login, passwordSecret, inRoles = [] }: Loose) => [
        name,
        login,
        passwordSecret.name,
        ...inRoles,
      ])
      deepEqual(
        roles,
        ['runtime', 'reader', 'operator'].map((role) => [
          `${spec.bootstrap.initdb.owner}_${role}`,
          true,
          `${metadata.name}-${role}`,
          ...(role === 'runtime' ? [] : ['pg_read_all_stats']),
          ...(role === 'operator' ? ['pg_signal_backend'] : []),
        ]),
      )
    }
    ok(!/basic-auth/.test(out))
  })

  it('of the roles may be fixed, or in Secrets of their own', () => {
    const secrets = (...set: string[]): Loose[] =>
      parse(template(set.flatMap((value) => ['--set', value])).out).filter(({ type }) => /basic-auth/.test(type))
    const [secret, ...others] = secrets('order-db.roles.passwords.reader=readerreader')
    deepEqual(others, [])
    equal(secret.metadata.name, 'shop-order-db-reader')
    deepEqual(
      Object.values(secret.data as Record<string, string>).map((text) => Buffer.from(text, 'base64').toString()),
      ['order_service_reader', 'readerreader'],
    )
    const own = 'order-db.roles.existingSecrets.reader=mine'
    deepEqual(secrets(own, 'order-db.roles.passwords.reader=readerreader'), [])
    const audit = containers('--set', own).find(({ where }) => where.startsWith('CronJob'))
    equal(logins(audit as Container).ORDER_DB_USER, 'mine')
  })

  it('of an external database may be one per role, which the migration creates only with createRoles', () => {
    const outside = stores.flatMap((store) => [
      '--set',
      `${store}-db.enabled=false,services.${store}.database.host=h,services.${store}.database.existingSecret=${store}-owner`,
    ])
    const role = (name: string): string => `services.order.database.roleSecrets.${name}=order-${name}`
    const given = ['--set', ['runtime', 'reader', 'operator'].map(role).join()]
    const find = (name: RegExp, ...args: string[]): Loose =>
      logins(containers(...outside, ...args).find(({ where }) => name.test(where)) as Container)
    deepEqual(find(/shop-order\/order/), { DB_USER: 'order-owner', DB_PASSWORD: 'order-owner' })
    deepEqual(find(/shop-order\/order/, ...given), { DB_USER: 'order-runtime', DB_PASSWORD: 'order-runtime' })
    equal(find(/order-migrate/, ...given)['DB_READER_PASSWORD'], undefined)
    const creating = [...given, '--set', 'services.order.database.createRoles=true']
    equal(find(/order-migrate/, ...creating)['DB_READER_PASSWORD'], 'order-reader')
    equal(find(/order-migrate/, ...creating)['DB_PASSWORD'], 'order-owner')
    match(template([...outside, '--set', role('runtime')]).err, /set runtime, reader and operator, or none/)
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
