import { deepEqual, equal, match } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import {
  catalogue,
  deadLetterQueue,
  type Definitions,
  definitionsOf,
  type EventType,
  maxMessageBytes,
  ownExchange,
  type QueueNames,
  retryQueue,
  secondaryQueue,
  secondaryQueuesOf,
  serviceQueues,
  services,
} from '@order-saga/contracts'
import { brokerTopologyText } from '../../tools/ci/src/broker-topology.ts'
import { charts, objects, parse, template } from './render.ts'

const names: QueueNames = {
  orderQueue: 'order_queue',
  paymentQueue: 'payment_queue',
  inventoryQueue: 'inventory_queue',
  notificationQueue: 'notification_queue',
}
const retryDelaysMs = [1_000, 5_000, 15_000, 45_000]
const standard = { exchange: 'order.topic', queues: names, retryDelaysMs, vhost: '/' }

function rendered(...args: string[]): Definitions {
  const { out, err } = template(['--show-only', 'charts/rabbitmq/templates/config.yaml', ...args])
  const [config] = parse(out)
  if (config === undefined) throw new Error(err)
  return JSON.parse(config.data['definitions.json']) as Definitions
}

/** The definitions that the code of the services generates for these names; the init container inserts the passwords. */
function generated({ exchange, queues, retryDelaysMs: delays, vhost }: typeof standard, looking = false): Definitions {
  const users = [...services, 'operations', 'monitoring'] as const
  return definitionsOf({
    plan: { exchange, queues: serviceQueues(queues), retryDelaysMs: delays },
    vhost,
    admin: { name: 'admin', password: '@admin@' },
    passwords: Object.fromEntries(users.map((user) => [user, `@${user}@`])),
    lookingNeedsConfigure: looking,
  })
}

function of<T extends { user: string }>(list: readonly T[], user: string): T {
  const [found, second] = list.filter((entry) => entry.user === user)
  if (found === undefined || second !== undefined) throw new Error(`${user} must have exactly one entry`)
  return found
}

const matching = (pattern: string, candidates: readonly string[]): string[] =>
  candidates.filter((name) => new RegExp(pattern).test(name))

describe("the broker's definitions", () => {
  it('equal those that the code of the services generates', () => {
    deepEqual(rendered(), generated(standard))
  })

  it('equal them with other names, delays and virtual host', () => {
    const other = {
      exchange: 'shop.events',
      queues: { ...names, orderQueue: 'shop.order', paymentQueue: 'shop-payment' },
      retryDelaysMs: [500, 60_000],
      vhost: 'shop',
    }
    const set = [
      'global.messaging.exchange=shop.events',
      'global.messaging.queues.order=shop.order',
      'global.messaging.queues.payment=shop-payment',
      'global.messaging.retryDelaysMs={500,60000}',
      'global.messaging.vhost=shop',
    ]
    deepEqual(rendered(...set.flatMap((value) => ['--set', value])), generated(other))
  })

  it('equal them on a broker where a passive declare requires `configure`', () => {
    deepEqual(rendered('--set', 'rabbitmq.lookingNeedsConfigure=true'), generated(standard, true))
  })

  it('equal them in the mode `operator`', () => {
    const [config] = objects('operator', 'ConfigMap').filter(({ metadata }) => metadata.name === 'shop-rabbitmq-config')
    deepEqual(JSON.parse(config.data['definitions.json']), generated(standard))
  })

  it('are rendered from a file that is generated from the event catalogue', async () => {
    equal(readFileSync(`${charts}rabbitmq/files/topology.json`, 'utf8'), await brokerTopologyText())
  })

  it('and the size limit of messages are those of the code, in both modes', () => {
    const [config] = objects('production', 'ConfigMap').filter(({ data }) => data['rabbitmq.conf'] !== undefined)
    const [cluster] = objects('operator', 'RabbitmqCluster')
    for (const conf of [config.data['rabbitmq.conf'], cluster.spec.rabbitmq.additionalConfig]) {
      match(conf, new RegExp(`^max_message_size = ${maxMessageBytes}$`, 'm'))
    }
  })

  describe('grant each service minimum permissions', () => {
    const { exchanges, permissions, topic_permissions: topics, queues, users } = rendered()
    const all = queues.map(({ name }) => name)
    const exchangeNames = ['amq.default', 'amq.topic', 'amq.direct', ...exchanges.map(({ name }) => name)]
    for (const service of services) {
      const queue = names[`${service}Queue`]
      const consumed = [queue, ...secondaryQueuesOf[service].map((name) => secondaryQueue(queue, name))]
      const own = [deadLetterQueue(queue), ...consumed, ...retryDelaysMs.map((delayMs) => retryQueue(queue, delayMs))]

      it(`${service} reads only its own queues`, () => {
        deepEqual(matching(of(permissions, service).read, [...all, ...exchangeNames]), consumed)
      })

      it(`${service} publishes only its own events`, () => {
        const published = catalogue.filter((event: EventType) => event.publishedBy === service).map(({ name }) => name)
        const keys = catalogue.map(({ name }) => name as string)
        deepEqual(matching(of(topics, service).write, [...keys, 'order.created.x', 'new', '']), published)
      })

      it(`${service} publishes only to the exchange of events and to its own`, () => {
        deepEqual(matching(of(permissions, service).write, exchangeNames), ['order.topic', ownExchange(queue)])
      })

      it(`${service} cannot change the topology`, () => {
        deepEqual(matching(of(permissions, service).configure, [...all, ...exchangeNames, 'new']), [])
      })

      it(`${service} can passively declare the queues it checks at startup, and no others`, () => {
        deepEqual(matching(of(permissions, service).write, all), own)
      })
    }

    it('operations reads dead letters and retries, and publishes no event', () => {
      const { read, write } = of(permissions, 'operations')
      deepEqual(
        matching(read, all),
        all.filter((name) => /\.(dlq|retry\.\d+)$/.test(name)),
      )
      deepEqual(matching(write, exchangeNames), Object.values(names).map(ownExchange))
      deepEqual(matching(of(topics, 'operations').write, [...catalogue.map(({ name }) => name), '']), [])
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

    it('operations reads the management API of its virtual host, and no service does', () => {
      deepEqual(
        users.filter(({ tags }) => tags.length > 0).map(({ name, tags }) => [name, ...tags]),
        [
          ['admin', 'administrator'],
          ['monitoring', 'monitoring'],
          ['operations', 'management'],
        ],
      )
    })

    it('no password is in the ConfigMap', () => {
      for (const { name, password } of users) match(password, new RegExp(`^@${name}@$`))
    })
  })
})
