import { deepEqual, equal, ok } from 'node:assert/strict'
import {
  deadLetterQueue,
  definitionsOf,
  type QueueNames,
  retryQueue,
  serviceQueues,
  services,
  topologyOf,
  workQueuesOf,
} from '@order-saga/contracts'
import { dashboards, textOf } from '@order-saga/monitoring'
import { type Loose, objectsWith, podsOf } from './render.ts'

const retryDelaysMs = [1_000, 5_000, 15_000, 45_000]
const queues: QueueNames = {
  orderQueue: 'shop.order',
  paymentQueue: 'payment_queue',
  inventoryQueue: 'inventory-queue',
  notificationQueue: 'notification_queue',
}
const plan = { exchange: 'order.topic', queues: serviceQueues(queues), retryDelaysMs }
const topology = topologyOf(plan)
const all = topology.queues.map(({ name }) => name)
const workQueues = plan.queues.map((of) => workQueuesOf(of))
const passwords = Object.fromEntries([...services, 'operations', 'monitoring'].map((user) => [user, '']))
const definitions = definitionsOf({ plan, vhost: '/', admin: { name: 'admin', password: '' }, passwords })

const messaging = {
  queues: Object.fromEntries(services.map((service) => [service, queues[`${service}Queue`]])),
}
const rendered = (provider: string): Loose[] =>
  objectsWith({
    values: {
      global: { messaging },
      autoscaling: { provider },
      services: Object.fromEntries(services.map((service) => [service, { autoscaling: { enabled: true } }])),
      operations: { console: { enabled: true }, operatorTokens: { secret: 'operators' }, toolbox: { enabled: true } },
    },
  })
/** As Prometheus and KEDA do, with an anchor on both sides. */
const matched = (pattern: string): string[] =>
  all.filter((name) => new RegExp(`^(?:${pattern})$`).test(name)).toSorted()
const ofService = (object: Loose): string => object.metadata.labels['app.kubernetes.io/component']

describe('the topology of the services', () => {
  const hpa = rendered('hpa')
  const keda = rendered('keda')

  it('contains the queues by which the HPAs scale', () => {
    const scalers = hpa.filter(({ kind }) => kind === 'HorizontalPodAutoscaler')
    deepEqual(scalers.map(ofService).toSorted(), services.toSorted())
    for (const scaler of scalers) {
      const { queue } = scaler.spec.metrics[0].external.metric.selector.matchLabels
      equal(queue, plan.queues.find(({ service }) => service === ofService(scaler))?.queue)
    }
  })

  it('equals the queues that the backlog of the HPAs sums', () => {
    const [rule] = hpa.filter(({ kind, metadata }) => kind === 'PrometheusRule' && /backlog/.test(metadata.name))
    const { expr } = rule.spec.groups[0].rules[0] as { expr: string }
    const patterns = [...expr.matchAll(/queue=~"([^"]+)"|"queue", "([^"]+[^*)])"\s*\)/g)].map((found) =>
      (found[1] ?? found[2] ?? '').replaceAll('\\\\', '\\'),
    )
    equal(patterns.length, 3, expr)
    for (const pattern of patterns) {
      deepEqual(matched(pattern), workQueues.flat().toSorted())
      for (const [queue, ...secondary] of workQueues) {
        for (const name of [queue, ...secondary]) equal(new RegExp(`^(?:${pattern})$`).exec(name)?.[1], queue)
      }
    }
  })

  it('equals the queues by which KEDA scales', () => {
    const scalers = keda.filter(({ kind }) => kind === 'ScaledObject')
    deepEqual(scalers.map(ofService).toSorted(), services.toSorted())
    for (const scaler of scalers) {
      const { queueName, useRegex } = scaler.spec.triggers[0].metadata
      const scales = (name: string): boolean =>
        useRegex === 'true' ? new RegExp(queueName).test(name) : queueName === name
      const own = plan.queues.filter(({ service }) => service === ofService(scaler))
      deepEqual(all.filter(scales), own.flatMap(workQueuesOf))
    }
  })

  it('contains the kinds of queues that dashboards and alerts select', () => {
    const retries = plan.queues.flatMap(({ queue }) => retryDelaysMs.map((delayMs) => retryQueue(queue, delayMs)))
    const deadLetters = plan.queues.map(({ queue }) => deadLetterQueue(queue))
    const ofOneDelay = retryDelaysMs.map((delayMs) => plan.queues.map(({ queue }) => retryQueue(queue, delayMs)))
    const kinds = [retries, ...ofOneDelay, deadLetters, [...retries, ...deadLetters], workQueues.flat()]
    const known = new Set(kinds.map((names) => names.toSorted().join()))
    const rules: { expr: string }[] = hpa
      .filter(({ kind }) => kind === 'PrometheusRule')
      .flatMap(({ spec }) => spec.groups.flatMap((group: Loose) => group.rules))
    const shown = dashboards.map((dashboard) => textOf(dashboard).replaceAll('\\"', '"'))
    const patterns = [...shown, ...rules.map(({ expr }) => expr)].flatMap((text) =>
      [...text.matchAll(/\bqueue!?=~"([^"]+)"/g)].map(([, pattern = '']) => pattern.replaceAll('\\\\', '\\')),
    )
    ok(patterns.length >= 6, `${patterns.length} selections`)
    for (const pattern of patterns)
      ok(known.has(matched(pattern).join()), `${pattern} selects ${matched(pattern).join()}`)
  })

  it('has one user for each kind of pod, and the network policies allow AMQP to the pods that have one', () => {
    const users = definitions.users.map(({ name }) => name)
    const connecting = new Map<string, string>()
    for (const { name, labels, spec } of podsOf(hpa)) {
      const urls = [...(spec.initContainers ?? []), ...spec.containers].flatMap(({ env = [] }) =>
        env.filter((variable: Loose) => variable.name === 'RABBITMQ_URL').map((variable: Loose) => variable.value),
      )
      equal(labels['order-saga/uses-rabbitmq'] === 'true', urls.length > 0, name)
      for (const url of urls) {
        const user = new URL(url).username
        ok(users.includes(user), `${name} connects as ${user}`)
        connecting.set(labels['app.kubernetes.io/component'] ?? '', user)
      }
    }
    for (const service of services) equal(connecting.get(service), service)
    for (const [component, user] of connecting) if (!users.includes(component)) equal(user, 'operations', component)
    const policies = hpa.filter(({ kind }) => kind === 'NetworkPolicy')
    const [toBroker] = policies.filter(({ metadata }) => metadata.name === 'shop-to-rabbitmq')
    equal(toBroker.spec.podSelector.matchLabels['order-saga/uses-rabbitmq'], 'true')
    const [ofBroker] = policies.filter(({ metadata }) => metadata.name === 'shop-rabbitmq')
    const amqp = ofBroker.spec.ingress.filter(({ ports }: Loose) => ports.some(({ port }: Loose) => port === 5672))
    deepEqual(
      amqp
        .map(({ from }: Loose) => from[0].podSelector.matchLabels)
        .map((labels: Loose) => labels['order-saga/uses-rabbitmq'] ?? labels['app.kubernetes.io/component']),
      ['true', 'rabbitmq'],
    )
  })
})
