import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { charts, type Loose, objects, parse, template } from './render.ts'
import { helms } from '../../tools/ci/src/programs.ts'

const components = (rendered: readonly Loose[]): string[] =>
  rendered.map(({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] as string)
const envOf = (rendered: readonly Loose[], deployment: string): Loose[] => {
  const found = rendered.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === deployment)
  return found.spec.template.spec.containers[0].env
}

const fixedPasswords = ['-f', `${charts}test/values/fixed-passwords.yaml`]

describe('the console', () => {
  it('is a separate Deployment and Service, disabled by default', () => {
    for (const [variant, kinds] of [
      ['development', ['Deployment', 'NetworkPolicy', 'Service']],
      ['operator', ['Deployment', 'NetworkPolicy', 'Service']],
      ['production', []],
    ] as const) {
      const its = objects(variant).filter((object) => components([object])[0] === 'console')
      deepEqual(its.map(({ kind }) => kind as string).toSorted(), kinds, variant)
    }
  })

  it('has the tokens of the operators from the configured Secret, or the access tokens of auth', () => {
    const tokens = { name: 'OPERATOR_TOKENS', valueFrom: { secretKeyRef: { name: 'operators', key: 'tokens' } } }
    const named = (env: Loose[], variable: string): Loose[] => env.filter(({ name }) => name === variable)
    for (const program of ['shop-console', 'shop-toolbox']) {
      deepEqual(named(envOf(objects('operator'), program), 'OPERATOR_TOKENS'), [tokens])
    }
    const jwt = ['auth.mode=jwt', 'auth.issuer=i', 'auth.audience=a', 'auth.jwksUrl=https://login.example/certs']
    const values = [...jwt, 'drill.enabled=false', 'operations.console.enabled=true', 'operations.toolbox.enabled=true']
    const rendered = parse(template([...fixedPasswords, ...values.flatMap((value) => ['--set', value])]).out)
    for (const program of ['shop-console', 'shop-toolbox', 'shop-order', 'shop-inventory']) {
      deepEqual(named(envOf(rendered, program), 'AUTH_MODE'), [{ name: 'AUTH_MODE', value: 'jwt' }], program)
    }
  })

  it('connects to the broker as the user operations', () => {
    const url = envOf(objects('development'), 'shop-console').find(({ name }) => name === 'RABBITMQ_URL')
    match(url.value, /^amqp:\/\/operations@/)
  })

  it('and the toolbox have the addresses of bindings and circuit breakers, the audit has not', () => {
    const addresses = (env: Loose[]): string[] =>
      env
        .filter(({ name }) => /^(RABBITMQ_MANAGEMENT|\w+_OPS)_URL$/.test(name))
        .map(({ name, value }) => `${name}=${value}`)
    const ops = ['order', 'payment', 'inventory', 'notification'].map(
      (service) => `${service.toUpperCase()}_OPS_URL=http://shop-${service}-metrics:9464`,
    )
    for (const name of ['shop-console', 'shop-toolbox']) {
      deepEqual(
        addresses(envOf(objects('development'), name)).toSorted(),
        [...ops, 'RABBITMQ_MANAGEMENT_URL=http://shop-rabbitmq:15672'].toSorted(),
      )
    }
    deepEqual(addresses(envOf(objects('production'), 'shop-audit-exporter')), [])
    const external = [
      '-f',
      `${charts}test/values/external.yaml`,
      '--set',
      'operations.toolbox.enabled=true,global.nameOverride=shop',
    ]
    deepEqual(addresses(envOf(parse(template(external).out), 'shop-toolbox')).toSorted(), ops.toSorted())
  })

  it('reaches the management API of an external broker at the port of its URL', () => {
    for (const [url, port] of [
      ['https://broker.example.com', 443],
      ['http://broker.example.com/', 80],
      ['https://broker.example.com:15671', 15_671],
    ] as const) {
      const { code, out, err } = template([
        '-f',
        `${charts}test/values/external.yaml`,
        '--set',
        `operations.toolbox.enabled=true,operations.env.RABBITMQ_MANAGEMENT_URL=${url}`,
      ])
      equal(code, 0, err)
      const policy = parse(out).find(
        ({ kind, metadata }) => kind === 'NetworkPolicy' && /to-management/.test(metadata.name),
      )
      deepEqual(policy.spec.egress[0].ports, [{ port }])
    }
  })
})

/** Console settings of the order service in the previous release. */
const formerValues = [
  'services.order.env.CONSOLE=full',
  'services.order.env.PAYMENT_OPS_URL=http://elsewhere:9464',
  'services.order.secretEnv.ADMIN_TOKEN.secret=console',
  'services.order.secretEnv.ADMIN_TOKEN.key=token',
].flatMap((value) => ['--set', value])

/** Helm renders NOTES.txt only on installation; included in an object, it is rendered without a cluster. */
const notesObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'notes' },
  data: { text: '{{ include "order-saga/templates/NOTES.txt" . | b64enc }}' },
}

for (const helm of helms()) {
  describe(`values of the previous release's console, with ${helm}`, () => {
    const notes = (...args: string[]): string => {
      const { out, err } = template([...args, '--set-json', `extraObjects=${JSON.stringify([notesObject])}`], helm)
      const found = parse(out).find(({ metadata }) => metadata.name === notesObject.metadata.name)
      if (found === undefined) throw new Error(err)
      return Buffer.from(found.data.text, 'base64').toString()
    }

    it('have no effect', () => {
      const { code, out, err } = template([...fixedPasswords, ...formerValues], helm)
      equal(code, 0, err)
      deepEqual(parse(out), parse(template(fixedPasswords, helm).out))
    })

    it('make NOTES.txt name the replacement values, once', () => {
      match(
        notes(...formerValues),
        /\nservices\.order has CONSOLE, which has no effect .*: set operations\.console\.enabled, \.mode and operations\.operatorTokens instead\.\n/,
      )
      match(notes(...formerValues.slice(4)), /\nservices\.order has ADMIN_TOKEN, which has no effect/)
      ok(!notes().includes('no effect'))
    })

    it('render under --reuse-values, without the new values', () => {
      const { code, out, err } = template(['--set', 'operations.console=null'], helm)
      equal(code, 0, err)
      ok(!components(parse(out)).includes('console'))
    })

    it('are followed by the access to the console if it is enabled', () => {
      ok(!notes().includes('/console'))
      match(
        notes('--set', 'operations.console.enabled=true,operations.operatorTokens.secret=t'),
        /service\/shop-console 3002/,
      )
    })
  })
}
