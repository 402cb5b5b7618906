import { deepEqual, equal, match, notEqual } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { inventorySettings } from '../../services/inventory/src/config.ts'
import { notificationSettings } from '../../services/notification/src/config.ts'
import { orderSettings } from '../../services/order/src/config.ts'
import { paymentSettings } from '../../services/payment/src/config.ts'
import { type Loose, template, umbrella } from './render.ts'
import { helms } from '../../tools/ci/src/programs.ts'

const jwt = ['auth.mode=jwt', 'auth.issuer=i', 'auth.audience=a', 'auth.jwksUrl=https://login.example/certs']

/** Rejected values, and the required error message. */
const rejected: { values: string[]; because: RegExp; prod?: true }[] = [
  { values: ['listenAddress=127.0.0.1'], because: /listenAddress.*'0\.0\.0\.0', '::'/ },
  { values: ['replicas=2'], because: /additional properties 'replicas' not allowed/ },
  { values: ['services.paymnt.replicaCount=2'], because: /'\/services'.*'paymnt' not allowed/ },
  { values: ['services.payment.replicas=2'], because: /'\/services\/payment'.*'replicas' not allowed/ },
  { values: ['services.payment.env.PAYMENT_PROCESING_MS=1'], because: /PAYMENT_PROCESING_MS/ },
  { values: ['services.notification.env.DB_POOL_MAX=5'], because: /DB_POOL_MAX/ },
  { values: ['services.payment.env.PAYMENT_GATEWAY_API_KEY=secret'], because: /PAYMENT_GATEWAY_API_KEY/ },
  { values: ['services.order.env.ADMIN_TOKEN=secret'], because: /ADMIN_TOKEN/ },
  { values: ['services.payment.env.RABBITMQ_URL=amqp://x'], because: /RABBITMQ_URL/ },
  { values: ['services.payment.autoscaling.minReplicas=0'], because: /minReplicas.*minimum: got 0, want 1/ },
  {
    values: ['services.payment.autoscaling.minReplicas=7'],
    because: /minReplicas \(7\) exceeds maxReplicas \(6\)/,
  },
  { values: ['services.payment.replicaCount=two'], because: /replicaCount.*got string/ },
  { values: ['services.payment.image.digest=sha256:abc'], because: /digest.*does not match/ },
  { values: ['autoscaling.provider=vpa'], because: /provider.*'hpa', 'keda', 'none'/ },
  {
    values: ['migrations.ttlSecondsAfterFinished=60'],
    because: /ttlSecondsAfterFinished.*minimum: got 60, want 86,?400/,
  },
  { values: ['global.messaging.queues.shipping=x'], because: /'shipping' not allowed/ },
  { values: ['global.messaging.retryDelaysMs={0}'], because: /retryDelaysMs.*minimum/ },
  { values: ['global.monitoring.enabled=yes'], because: /enabled.*'auto', true, false/ },
  { values: ['image.tag=null', 'image.pullPolicy=Sometimes'], because: /pullPolicy/ },
  { values: ['alerts.disabled={OutboxOld}'], because: /alerts\/disabled/ },
  { values: ['alerts.thresholds.outboxAge=5'], because: /'outboxAge' not allowed/ },
  { values: ['alerts.thresholds.outcomeObjective=0.5'], because: /outcomeObjective.*does not match/ },
  { values: ['dashboards.enabled=maybe'], because: /dashboards\/enabled/ },
  { values: ['rabbitmq.replicas=2'], because: /replicas.*1, 3, 5, 7/ },
  { values: ['rabbitmq.mode=bitnami'], because: /mode.*'statefulset', 'operator'/ },
  { values: ['rabbitmq.auth.passwords.order=p@ss/1:'], because: /passwords\/order.*does not match/ },
  { values: ['rabbitmq.auth.passwords.shipping=shipping1'], because: /'shipping' not allowed/ },
  { values: ['rabbitmq.storage.size=big'], because: /size.*does not match/ },
  { values: ['rabbitmq.persistence.size=8Gi'], because: /'persistence' not allowed/ },
  { values: ['order-db.instances=0'], because: /instances.*minimum: got 0, want 1/ },
  { values: ['order-db.synchronous.enabled=true'], because: /instances.*minimum: got 1, want 2/ },
  { values: ['order-db.instnces=3'], because: /'instnces' not allowed/ },
  { values: ['order-db.owner=Order Service'], because: /owner.*does not match/ },
  { values: ['order-db.roles.passwords.reader=short'], because: /passwords\/reader.*does not match/ },
  { values: ['order-db.roles.passwords.owner=ownerowner'], because: /'owner' not allowed/ },
  { values: ['services.order.database.roleSecrets.owner=x'], because: /'owner' not allowed/ },
  { values: ['order-db.postgresql.maxConnections=30'], because: /require 75 connections.*maxConnections is 30/ },
  {
    values: [
      'order-db.postgresql.maxConnections=70',
      'operations.console.enabled=true',
      'operations.operatorTokens.secret=t',
    ],
    because: /23 connections for migrations, audit, console and the operator require 83 connections/,
  },
  { values: ['order-db.enabled=false'], because: /set services\.order\.database\.host and \.existingSecret/ },
  { values: ['operations.console.mode=off'], because: /console\/mode.*'read-only', 'full'/ },
  { values: ['operations.operatorTokens.name=x'], because: /'name' not allowed/ },
  { values: ['operations.console.adminToken.secret=x'], because: /'adminToken' not allowed/ },
  {
    values: ['operations.console.enabled=true', 'operations.console.mode=full'],
    because: /set operations\.operatorTokens\.secret/,
  },
  { values: ['rabbitmq.enabled=false'], because: /set externalBroker\.existingSecret/ },
  {
    values: ['rabbitmq.enabled=false', 'externalBroker.existingSecret=b', 'autoscaling.provider=keda'],
    because: /requires the broker's management API/,
  },
  { values: ['profile=production'], because: /services\/payment.*missing properties 'env', 'secretEnv'/ },
  { prod: true, values: ['services.payment.env.PAYMENT_GATEWAY=simulated'], because: /PAYMENT_GATEWAY.*'http'/ },
  { prod: true, values: ['services.payment.env.PAYMENT_FAILURE_RATE=0.1'], because: /PAYMENT_FAILURE_RATE.*0/ },
  { prod: true, values: ['services.payment.env.PAYMENT_PROCESSING_MS=500'], because: /PAYMENT_PROCESSING_MS.*0/ },
  { prod: true, values: ['services.inventory.env.INVENTORY_FAILURE_RATE=1'], because: /INVENTORY_FAILURE_RATE.*0/ },
  {
    prod: true,
    values: ['services.payment.env.PAYMENT_GATEWAY_URL=http://plain'],
    because: /PAYMENT_GATEWAY_URL.*https/,
  },
  { prod: true, values: ['rabbitmq.auth.passwords.order=orderorder'], because: /passwords.*maxProperties/ },
  { values: ['auth.mode=basic'], because: /auth\/mode.*'none', 'jwt'/ },
  { values: ['auth.mode=jwt', 'auth.issuer=i', 'auth.audience=a'], because: /auth\/jwksUrl.*minLength/ },
  { values: ['auth.algorithms={HS256}'], because: /auth\/algorithms/ },
  { values: [...jwt, 'drill.token.secret='], because: /set drill\.token\.secret/ },
  { prod: true, values: ['auth.mode=none'], because: /auth\/mode.*'jwt'/ },
  { prod: true, values: ['auth=null'], because: /auth/ },
  { prod: true, values: ['auth.jwksUrl=http://login/certs'], because: /auth\/jwksUrl.*https/ },
  { prod: true, values: ['services.order.env.AUTH_MODE=none'], because: /AUTH_MODE/ },
  { prod: true, values: ['services.inventory.env.INVENTORY_UNKNOWN_SKU=accept'], because: /UNKNOWN_SKU.*'reject'/ },
  { prod: true, values: ['services.inventory.env=null'], because: /inventory.*env/ },
  { prod: true, values: ['ingress.enabled=true'], because: /ingress\/tlsSecret.*minLength/ },
]

const accepted = [
  ['services.payment.replicaCount=null', 'autoscaling.provider=none'],
  ['services.payment.env.PAYMENT_FAILURE_RATE=0.3', 'services.payment.env.PAYMENT_PROCESSING_MS=500'],
  ['services.order.env.NODE_OPTIONS=--enable-source-maps', 'env.OTEL_SERVICE_NAME=shop'],
  ['alerts.disabled={OrderSagaOutboxOld}', 'alerts.thresholds.outboxAgeSeconds=120', 'dashboards.enabled=false'],
  ['order-db.instances=3', 'order-db.synchronous.enabled=true'],
  [...jwt, 'drill.token.secret=drill-token'],
  [...jwt, 'drill.enabled=false', 'operations.console.enabled=true', 'operations.console.mode=full'],
]

for (const helm of helms()) {
  describe(`values with ${helm}`, () => {
    for (const { values, because, prod } of rejected) {
      it(`rejects ${values.join(' and ')}${prod === true ? ' in production' : ''}`, () => {
        const { code, err } = template(args(values, prod), helm)
        notEqual(code, 0)
        match(err.replaceAll(/\s+/g, ' '), because)
      })
    }
    for (const values of accepted) {
      it(`accepts ${values.join(' and ')}`, () => {
        const { code, err } = template(args(values), helm)
        equal(code, 0, err)
      })
    }
  })
}

function args(values: readonly string[], prod?: true): string[] {
  return [
    ...(prod === true ? ['-f', `${umbrella}/values-prod.yaml`] : []),
    ...values.flatMap((value) => ['--set', value]),
  ]
}

const names = (part: Loose): string[] => part.propertyNames.anyOf[0].enum.toSorted()

describe('the environment of the values schema', () => {
  const schema: Loose = JSON.parse(readFileSync(`${umbrella}/values.schema.json`, 'utf8'))
  /** Set by the chart, from its objects or from global.messaging. */
  const ours = new Set(
    [
      'HTTP_HOST OPS_HOST OPS_PORT PORT RABBITMQ_URL RABBITMQ_PASSWORD TOPOLOGY ORDER_EXCHANGE RETRY_DELAYS_MS',
      'ORDER_QUEUE PAYMENT_QUEUE INVENTORY_QUEUE NOTIFICATION_QUEUE',
      'DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD DB_CA_FILE GAUGE_INTERVAL_MS',
      'AUTH_MODE AUTH_ISSUER AUTH_AUDIENCE AUTH_JWKS_URL AUTH_ALGORITHMS AUTH_CUSTOMER_CLAIM AUTH_CLOCK_TOLERANCE_MS',
    ].flatMap((line) => line.split(' ')),
  )
  /** Allowed only from Secrets. */
  const secret = new Set(['PAYMENT_GATEWAY_API_KEY', 'ADMIN_TOKEN'])
  /** Accepted without effect, for compatibility with the previous release. */
  const former = ['CONSOLE', 'ADMIN_TOKEN', 'PAYMENT_OPS_URL', 'INVENTORY_OPS_URL', 'NOTIFICATION_OPS_URL']
  const settings = {
    order: orderSettings,
    payment: paymentSettings,
    inventory: inventorySettings,
    notification: notificationSettings,
  }

  for (const [service, known] of Object.entries(settings)) {
    it(`lists the variables of ${service} that the chart does not set`, () => {
      // The variables of OpenTelemetry are allowed by a pattern.
      const read = Object.values(known)
        .map(({ env }) => env)
        .filter((name) => !name.startsWith('OTEL_'))
        .concat(service === 'order' ? former : [])
      const { env, secretEnv } = schema.properties.services.properties[service].properties
      deepEqual(names(env), read.filter((name) => !ours.has(name) && !secret.has(name)).toSorted())
      deepEqual(names(secretEnv), read.filter((name) => !ours.has(name)).toSorted())
    })
  }
})
