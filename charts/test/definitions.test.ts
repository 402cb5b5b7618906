import { deepEqual, equal, match } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import {
  catalogue,
  consumedBy,
  type EventType,
  secondaryQueuesOf,
  serviceQueues,
  services,
  deadLetterQueue,
  secondaryQueue,
  type Topology,
  topologyOf,
} from '@order-saga/contracts'
import { charts, type Loose, parse, template } from './render.ts'

const names = {
  orderQueue: 'order_queue',
  paymentQueue: 'payment_queue',
  inventoryQueue: 'inventory_queue',
  notificationQueue: 'notification_queue',
}
const otherNames = { ...names, orderQueue: 'shop.order', paymentQueue: 'shop.payment' }

interface Definitions {
  users: { name: string; password: string; tags: string[] }[]
  permissions: { user: string; vhost: string; configure: string; write: string; read: string }[]
  topic_permissions: { user: string; exchange: string; write: string; read: string }[]
  exchanges: Loose[]
  queues: Loose[]
  bindings: Loose[]
}

function rendered(...args: string[]): Definitions {
  const { out, err } = template(['--show-only', 'charts/rabbitmq/templates/config.yaml', ...args])
  const [config] = parse(out)
  if (config === undefined) throw new Error(err)
  return JSON.parse(config.data['definitions.json']) as Definitions
}

/** The required definitions of this topology, without constant fields. */
function expected(topology: Topology, vhost: string): Pick<Definitions, 'exchanges' | 'queues' | 'bindings'> {
  const options = { vhost, durable: true, auto_delete: false }
  return {
    exchanges: topology.exchanges.map((exchange) => ({ ...exchange, internal: false, arguments: {}, ...options })),
    queues: topology.queues.map((queue) => ({ name: queue.name, arguments: queue.arguments, ...options })),
    bindings: topology.bindings.map(({ exchange, queue, routingKey }) => ({
      source: exchange,
      vhost,
      destination: queue,
      destination_type: 'queue',
      routing_key: routingKey,
      arguments: {},
    })),
  }
}

const compared = ({ exchanges, queues, bindings }: Pick<Definitions, 'exchanges' | 'queues' | 'bindings'>): Loose => ({
  exchanges,
  queues: queues.toSorted((a, b) => a.name.localeCompare(b.name)),
  bindings: bindings.map((binding) => JSON.stringify(binding, Object.keys(binding).toSorted())).toSorted(),
})

function of<T extends { user: string }>(list: readonly T[], user: string): T {
  const [found, second] = list.filter((entry) => entry.user === user)
  if (found === undefined || second !== undefined) throw new Error(`${user} must have exactly one entry`)
  return found
}

const matching = (pattern: string, candidates: readonly string[]): string[] =>
  candidates.filter((name) => new RegExp(pattern).test(name))

describe("the broker's definitions", () => {
  it('equal the declarations of the services, including arguments', () => {
    const topology = topologyOf({
      exchange: 'order.topic',
      queues: serviceQueues(names),
      retryDelaysMs: [1_000, 5_000, 15_000, 45_000],
    })
    deepEqual(compared(rendered()), compared(expected(topology, '/')))
  })

  it('equal them with other names and delays', () => {
    const topology = topologyOf({
      exchange: 'shop.events',
      queues: serviceQueues(otherNames),
      retryDelaysMs: [500, 60_000],
    })
    const set = [
      'global.messaging.exchange=shop.events',
      'global.messaging.queues.order=shop.order',
      'global.messaging.queues.payment=shop.payment',
      'global.messaging.retryDelaysMs={500,60000}',
      'global.messaging.vhost=shop',
    ]
    deepEqual(compared(rendered(...set.flatMap((value) => ['--set', value]))), compared(expected(topology, 'shop')))
  })

  it('are rendered from a file that equals the event catalogue', () => {
    const file: Loose = JSON.parse(readFileSync(`${charts}rabbitmq/files/topology.json`, 'utf8'))
    deepEqual(Object.keys(file.services), [...services])
    for (const service of services) {
      const published = catalogue.filter((event: EventType) => event.publishedBy === service).map(({ name }) => name)
      deepEqual(
        file.services[service].consumes.toSorted(),
        consumedBy(service)
          .map(({ name }) => name)
          .toSorted(),
      )
      deepEqual(file.services[service].publishes.toSorted(), published.toSorted())
      deepEqual(file.services[service].secondaryQueues, secondaryQueuesOf[service])
    }
  })

  describe('grant each service minimum permissions', () => {
    const { permissions, topic_permissions: topics, queues, users } = rendered()
    const all: string[] = queues.map(({ name }: Loose) => name as string)
    for (const service of services) {
      const queue = names[`${service}Queue`]

      it(`${service} reads only its own queues`, () => {
        const own = [queue, ...secondaryQueuesOf[service].map((name) => secondaryQueue(queue, name))]
        deepEqual(matching(of(permissions, service).read, [...all, 'order.topic', 'amq.default']).toSorted(), own)
      })

      it(`${service} publishes only its own events`, () => {
        const published = catalogue.filter((event: EventType) => event.publishedBy === service).map(({ name }) => name)
        const keys = catalogue.map(({ name }) => name as string)
        deepEqual(matching(of(topics, service).write, [...keys, 'order.created.x', 'new']), published)
      })

      it(`${service} cannot change the topology`, () => {
        deepEqual(matching(of(permissions, service).configure, [...all, 'order.topic', 'new']), [])
      })

      it(`${service} can passively declare every queue it checks at startup`, () => {
        deepEqual(matching(of(permissions, service).write, all), all)
      })
    }

    it('operations reads only dead letters and publishes no event', () => {
      deepEqual(matching(of(permissions, 'operations').read, all), Object.values(names).map(deadLetterQueue))
      equal(of(topics, 'operations').write, '^$')
    })

    it('monitoring reads metrics and no messages', () => {
      const { configure, write, read } = of(permissions, 'monitoring')
      deepEqual([configure, write, read], ['^$', '^$', '^$'])
      deepEqual(users.find(({ name }) => name === 'monitoring')?.tags, ['monitoring'])
    })

    it('only admin is an administrator', () => {
      deepEqual(
        users.filter(({ tags }) => tags.includes('administrator')).map(({ name }) => name),
        ['admin'],
      )
    })

    it('no password is in the ConfigMap', () => {
      for (const { name, password } of users) match(password, new RegExp(`^@${name}@$`))
    })
  })
})
