import { deepEqual, equal, match } from 'node:assert/strict'
import { helms } from '../../tools/ci/src/programs.ts'
import { type Loose, objectsWith, podsOf, templateWith, type Variant } from './render.ts'

const secret = { secret: 'mine', key: 'k' }
const fromMine = { secretKeyRef: { name: 'mine', key: 'k' } }

function environments(values: Loose, helm: string, variant?: Variant): Map<string, Loose[]> {
  const rendered = objectsWith({ values, helm, ...(variant === undefined ? {} : { variant }) })
  return new Map(podsOf(rendered).map(({ name, spec }) => [name, spec.containers[0].env ?? []]))
}

function only(env: Loose[] | undefined, name: string): Loose {
  const found = (env ?? []).filter((variable) => variable.name === name)
  equal(found.length, 1, `${name} is there ${found.length} times`)
  return found[0]
}

for (const helm of helms()) {
  describe(`duplicate variables, with ${helm}`, () => {
    it('have the value of the Secret', () => {
      const { PAYMENT_GATEWAY_URL, SHUTDOWN_TIMEOUT_MS } = { PAYMENT_GATEWAY_URL: secret, SHUTDOWN_TIMEOUT_MS: secret }
      const values = {
        env: { LOG_LEVEL: 'warn' },
        defaults: { secretEnv: { LOG_LEVEL: secret } },
        services: { payment: { secretEnv: { PAYMENT_GATEWAY_URL, SHUTDOWN_TIMEOUT_MS } } },
      }
      const env = environments(values, helm, 'production').get('Deployment/shop-payment')
      for (const name of ['PAYMENT_GATEWAY_URL', 'SHUTDOWN_TIMEOUT_MS', 'LOG_LEVEL']) {
        deepEqual(only(env, name), { name, valueFrom: fromMine })
      }
    })

    it('have the plain value if null removes the Secret', () => {
      const values = {
        services: { payment: { env: { PAYMENT_GATEWAY_URL: 'http://a' }, secretEnv: { PAYMENT_GATEWAY_URL: null } } },
      }
      equal(only(environments(values, helm).get('Deployment/shop-payment'), 'PAYMENT_GATEWAY_URL').value, 'http://a')
    })

    it('have the value of the pod, otherwise of operations.env', () => {
      const own = {
        ORDER_URL: 'http://a',
        ORDER_DB_PASSWORD: 'x',
        RABBITMQ_URL: 'amqp://a',
        LOG_LEVEL: 'debug',
        TOPOLOGY: 'assume',
      }
      const values = {
        env: { LOG_LEVEL: 'warn' },
        operations: {
          env: {
            ...own,
            OPS_PORT: 1,
            PORT: 1,
            CONSOLE: 'read-only',
            DRILL_ORDERS: 10,
            AUDIT_INTERVAL_MS: 5000,
            OPERATOR_TOKENS: 'x',
          },
          console: { enabled: true, mode: 'full' },
          operatorTokens: secret,
          toolbox: { enabled: true },
          audit: { exporter: { enabled: true } },
        },
      }
      const all = environments(values, helm)
      for (const name of [
        'CronJob/shop-audit',
        'Deployment/shop-console',
        'Deployment/shop-audit-exporter',
        'Pod/shop-saga-drill',
      ]) {
        for (const [variable, value] of Object.entries(own)) equal(only(all.get(name), variable).value, value)
      }
      const console = all.get('Deployment/shop-console')
      deepEqual(only(console, 'OPERATOR_TOKENS').valueFrom, fromMine)
      equal(only(console, 'PORT').value, '3002')
      equal(only(console, 'CONSOLE').value, 'full')
      equal(only(all.get('Deployment/shop-audit-exporter'), 'OPS_PORT').value, '9464')
      equal(only(all.get('Pod/shop-saga-drill'), 'DRILL_ORDERS').value, '40')
    })
  })

  it(`a ServiceAccount that several components share is there once, with ${helm}`, () => {
    const values = {
      defaults: { serviceAccount: { name: 'shared', annotations: { a: 1 } } },
      operations: { serviceAccount: { name: 'shared', annotations: { b: 2 } } },
    }
    const accounts = objectsWith({ values, helm }).filter(({ kind }) => kind === 'ServiceAccount')
    deepEqual(
      accounts.map(({ metadata }): string => metadata.name).toSorted((a, b) => a.localeCompare(b)),
      ['shared', 'shop-rabbitmq'],
    )
    deepEqual(accounts.find(({ metadata }) => metadata.name === 'shared').metadata.annotations, { a: '1', b: '2' })
  })

  it(`duplicate names are rendered once, with ${helm}`, () => {
    const image = { pullSecrets: ['a', 'a', 'b'] }
    const values = {
      image,
      rabbitmq: { image, extraPlugins: ['rabbitmq_top', 'rabbitmq_prometheus'] },
      'order-db': { image },
    }
    const rendered = objectsWith({ values, helm })
    for (const { spec } of podsOf(rendered)) deepEqual(spec.imagePullSecrets, [{ name: 'a' }, { name: 'b' }])
    const [cluster] = rendered.filter(({ metadata }) => metadata.name === 'shop-order-db')
    deepEqual(cluster.spec.imagePullSecrets, [{ name: 'a' }, { name: 'b' }])
    const [config] = rendered.filter(({ metadata }) => metadata.name === 'shop-rabbitmq-config')
    equal(config.data.enabled_plugins.trim(), '[rabbitmq_management,rabbitmq_prometheus,rabbitmq_top].')
  })
}

for (const helm of helms()) {
  describe(`labels and annotations also set by the chart, with ${helm}`, () => {
    const own = {
      'app.kubernetes.io/part-of': 'shopfront',
      'app.kubernetes.io/version': '9',
      'app.kubernetes.io/managed-by': 'me',
      'helm.sh/chart': 'mine',
    }
    const annotations = {
      'kubectl.kubernetes.io/default-container': 'other',
      'kube-score/ignore': 'x',
      'helm.sh/hook': 'test',
    }

    it('are rendered once, with the configured values', () => {
      const operations = {
        console: { enabled: true },
        operatorTokens: { secret: 'operators' },
        toolbox: { enabled: true },
        audit: { exporter: { enabled: true } },
      }
      const values = {
        podLabels: own,
        operations,
        defaults: { podLabels: own, podAnnotations: annotations },
        rabbitmq: { podLabels: own, podAnnotations: annotations },
        global: { monitoring: { labels: own } },
        dashboards: { labels: own },
      }
      // js-yaml rejects duplicate keys.
      const rendered = objectsWith({ values, helm })
      for (const { name, labels } of podsOf(rendered)) equal(labels['app.kubernetes.io/part-of'], 'shopfront', name)
      for (const { kind, metadata } of rendered) {
        if (['PodMonitor', 'PrometheusRule'].includes(kind))
          equal(metadata.labels['helm.sh/chart'], 'mine', metadata.name)
      }
    })

    for (const key of [
      'app.kubernetes.io/name',
      'app.kubernetes.io/instance',
      'app.kubernetes.io/component',
      'order-saga/uses-order-db',
    ]) {
      it(`are rejected for the selector label ${key}`, () => {
        const podLabels = { [key]: 'web' }
        const broker: Loose[] = ['statefulset', 'operator'].map((mode) => ({ rabbitmq: { mode, podLabels } }))
        for (const values of [
          { podLabels },
          { defaults: { podLabels } },
          { services: { order: { podLabels } } },
          ...broker,
        ]) {
          const { err } = templateWith({ values, helm })
          match(err, new RegExp(`podLabels must not have ${key}: the chart selects its pods by this label`))
        }
      })
    }
  })
}
