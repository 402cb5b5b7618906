import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { inventorySettings } from '../../services/inventory/src/config.ts'
import { notificationSettings } from '../../services/notification/src/config.ts'
import { auditExporterSettings } from '../../services/operations/src/audit-config.ts'
import { drillSettings } from '../../services/operations/src/drill-config.ts'
import { orderSettings } from '../../services/order/src/config.ts'
import { paymentSettings } from '../../services/payment/src/config.ts'
import { helms } from '../../tools/ci/src/programs.ts'
import { type Loose, objectsWith, podsOf, templateWith, umbrella } from './render.ts'

const schema: Loose = JSON.parse(readFileSync(`${umbrella}/values.schema.json`, 'utf8'))
const settings: { env: string; format: string }[] = [
  orderSettings,
  paymentSettings,
  inventorySettings,
  notificationSettings,
  auditExporterSettings,
  drillSettings,
].flatMap((of) => Object.values(of as Record<string, { env: string; format: string }>))

describe('the limits of the schema equal those of the programs', () => {
  for (const { env, format } of settings) {
    const known: Loose = schema.definitions.settings.properties[env]
    const range = /^an? (?:integer|number) from (-?\d+) to (\d+)/.exec(format)
    if (range !== null) {
      const [least, most] = [Number(range[1]), Number(range[2])]
      it(`${env}: ${least} to ${most}`, () => deepEqual([known.minimum, known.maximum], [least, most]))

      it(`${env}: ${least} to ${most} as text`, () => {
        const pattern = new RegExp(known.pattern)
        const step = format.startsWith('an integer') ? 1 : 0.5
        for (const inside of ['', least, least + step, most - step, most]) match(String(inside), pattern)
        for (const outside of [least - step, most + step, most * 10, '1e3', ' 1', '0x1']) {
          doesNotMatch(String(outside), pattern)
        }
      })
    } else if (format.startsWith('one of ')) {
      it(`${env}: ${format}`, () => {
        const words = known.enum.filter((word: Loose) => typeof word === 'string' && word !== '')
        deepEqual(words, format.slice('one of '.length).split(', '))
        // YAML 1.1 parses these words as booleans.
        equal(
          known.enum.includes(true),
          words.some((word: string) => ['on', 'yes', 'true'].includes(word)),
        )
        equal(
          known.enum.includes(false),
          words.some((word: string) => ['off', 'no', 'false'].includes(word)),
        )
      })
    }
  }

  it('for values that become environment variables', () => {
    const { drill, operations } = schema.properties
    const of = (env: string): Loose => schema.definitions.settings.properties[env]
    equal(drill.properties.orders.minimum, of('DRILL_ORDERS').minimum)
    equal(drill.properties.orders.maximum, of('DRILL_ORDERS').maximum)
    equal(drill.properties.patienceMs.maximum, of('DRILL_PATIENCE_MS').maximum)
    const { intervalMs } = operations.properties.audit.properties.exporter.properties
    deepEqual(
      [intervalMs.minimum, intervalMs.maximum],
      [of('AUDIT_INTERVAL_MS').minimum, of('AUDIT_INTERVAL_MS').maximum],
    )
  })
})

const within = (name: string, value: string): void => {
  const { minimum, maximum } = schema.definitions.settings.properties[name]
  equal(Number(value) >= minimum && Number(value) <= maximum, true, `${name}: ${value}`)
}

for (const helm of helms()) {
  describe(`derived settings, with ${helm}`, () => {
    for (const values of [
      { defaults: { terminationGracePeriodSeconds: 900 } },
      { defaults: { terminationGracePeriodSeconds: 3600 } },
      { defaults: { terminationGracePeriodSeconds: 15, preStopSleepSeconds: 12 } },
      { defaults: { terminationGracePeriodSeconds: 15, preStopSleepSeconds: 0 } },
      { global: { monitoring: { interval: '10m' } } },
      { global: { monitoring: { interval: '1ms' } } },
    ]) {
      it(`are within the limits: ${JSON.stringify(values)}`, () => {
        for (const { spec } of podsOf(objectsWith({ values, helm }))) {
          const [{ env = [], lifecycle }] = spec.containers
          for (const { name, value } of env) {
            if (!['SHUTDOWN_TIMEOUT_MS', 'GAUGE_INTERVAL_MS'].includes(name)) continue
            within(name, value)
            const sleep = lifecycle?.preStop.sleep.seconds ?? 0
            if (name === 'SHUTDOWN_TIMEOUT_MS')
              equal(Number(value) + sleep * 1000 < spec.terminationGracePeriodSeconds * 1000, true)
          }
        }
      })
    }

    for (const [values, because] of [
      [
        { defaults: { terminationGracePeriodSeconds: 15, preStopSleepSeconds: 13 } },
        /preStopSleepSeconds \(13\) must be 3 or more below/,
      ],
      [{ global: { monitoring: { interval: '0s' } } }, /monitoring\/interval/],
      [{ global: { messaging: { retryDelaysMs: [5000, 1000] } } }, /retryDelaysMs must increase: 1000 follows 5000/],
      [{ drill: { orders: 3 } }, /drill\/orders.*minimum: got 3, want 5/],
      [{ drill: { patienceMs: 3600001 } }, /drill\/patienceMs/],
      [{ env: { PREFETCH: 0 } }, /env\/PREFETCH.*minimum: got 0, want 1/],
      [{ env: { PREFETCH: '0' } }, /env\/PREFETCH.*does not match/],
      [{ operations: { env: { DRILL_ORDERS: '3' } } }, /DRILL_ORDERS.*does not match/],
      [{ services: { payment: { env: { PAYMENT_FAILURE_RATE: '1.5' } } } }, /PAYMENT_FAILURE_RATE.*does not match/],
      [{ defaults: { env: { DB_POOL_MAX: 1 } } }, /DB_POOL_MAX.*minimum/],
      [{ services: { payment: { env: { PAYMENT_FAILURE_RATE: 1.5 } } } }, /PAYMENT_FAILURE_RATE.*maximum/],
      [{ services: { payment: { env: { PAYMENT_CONCURRENCY: 'many' } } } }, /PAYMENT_CONCURRENCY.*does not match/],
      [{ services: { order: { env: { LOG_LEVEL: true } } } }, /LOG_LEVEL.*must be one of/],
      [{ services: { inventory: { env: { INVENTORY_UNKNOWN_SKU: false } } } }, /INVENTORY_UNKNOWN_SKU.*must be one of/],
      [{ operations: { env: { LOG_LEVEL: 'off' } } }, /LOG_LEVEL.*must be one of/],
    ] as [Loose, RegExp][]) {
      it(`are rejected: ${JSON.stringify(values)}`, () => {
        match(templateWith({ values, helm }).err.replaceAll(/\s+/g, ' '), because)
      })
    }

    it('CONSOLE: off of an older values file is accepted, also as a YAML 1.1 boolean', () => {
      const values = 'services: {order: {env: {CONSOLE: off}}}\n'
      const [order] = podsOf(objectsWith({ values, helm })).filter(({ name }) => name === 'Deployment/shop-order') as [
        Loose,
      ]
      equal(
        order.spec.containers[0].env.some(({ name }: Loose) => name === 'CONSOLE'),
        false,
      )
    })
  })
}
