import assert from 'node:assert/strict'
import { catalogue, services } from '../../src/catalogue.ts'
import type { EventType, ServiceName } from '../../src/event-type.ts'
import { serviceQueues } from '../../src/queues.ts'
import { type BrokerUser, definitionsOf } from '../../src/topology/definitions.ts'
import { deadLetterQueue, ownExchange, retryQueue } from '../../src/topology/names.ts'
import { topologyOf, workQueuesOf } from '../../src/topology/topology.ts'

const names = {
  orderQueue: 'order_queue',
  paymentQueue: 'payment_queue',
  // A full stop matches any character in a regular expression.
  inventoryQueue: 'shop.inventory',
  notificationQueue: 'notification_queue',
}
const queues = serviceQueues(names)
const plan = { exchange: 'order.topic', queues, retryDelaysMs: [1_000] }
const topology = topologyOf(plan)
const passwords = { order: 'o', payment: 'p', inventory: 'i', notification: 'n', operations: 'x', monitoring: 'm' }
const options = { plan, vhost: 'shop', admin: { name: 'admin', password: 'a' }, passwords }
const definitions = definitionsOf(options)

const exchanges = ['', 'amq.default', ...topology.exchanges.map(({ name }) => name)]
const all = [...exchanges, ...topology.queues.map(({ name }) => name), 'shopXinventory', 'new']
const ownQueues = (service: ServiceName): string[] =>
  topologyOf({ ...plan, queues: queues.filter((each) => each.service === service) }).queues.map(({ name }) => name)

function matching(user: BrokerUser | 'admin', right: 'configure' | 'write' | 'read', among = all): string[] {
  const [permission, second] = definitions.permissions.filter((each) => each.user === user)
  assert.ok(permission !== undefined && second === undefined, `${user} must have exactly one entry`)
  return among.filter((name) => name !== '' && new RegExp(permission[right]).test(name))
}

function publishable(user: BrokerUser): string[] {
  const [topic, second] = definitions.topic_permissions.filter((each) => each.user === user)
  assert.ok(topic !== undefined && second === undefined && topic.exchange === 'order.topic')
  assert.doesNotMatch('', new RegExp(topic.read))
  const keys = [...catalogue.map(({ name }) => name as string), 'order.created.x', 'new', '#', '*']
  return keys.filter((key) => new RegExp(topic.write).test(key))
}

describe("the broker's definitions", () => {
  for (const service of services) {
    const queue = names[`${service}Queue`]
    const own = queues.find((each) => each.service === service)

    it(`let ${service} publish to the topic exchange and its own direct exchange alone`, () => {
      assert.deepEqual(matching(service, 'write', exchanges), ['order.topic', ownExchange(queue)])
    })

    it(`let ${service} publish only its own events`, () => {
      const published = catalogue.filter((event: EventType) => event.publishedBy === service).map(({ name }) => name)
      assert.deepEqual(publishable(service), published)
    })

    it(`let ${service} consume its own work queues alone`, () => {
      assert.deepEqual(matching(service, 'read'), own === undefined ? [] : workQueuesOf(own))
    })

    it(`let ${service} see its own queues alone, and change nothing`, () => {
      const queueNames = all.filter((name) => !exchanges.includes(name))
      assert.deepEqual(matching(service, 'write', queueNames), ownQueues(service))
      assert.deepEqual(matching(service, 'configure'), [])
    })
  }

  it('let no queue of a service be read by two services', () => {
    const readers = services.flatMap((service) => matching(service, 'read'))
    assert.equal(new Set(readers).size, readers.length)
  })

  it('give each event one publisher', () => {
    assert.deepEqual(
      services.flatMap((service) => publishable(service)).toSorted(),
      catalogue.map(({ name }) => name).toSorted(),
    )
  })

  it('let operations move messages within a service, and publish no event', () => {
    assert.deepEqual(
      matching('operations', 'write', exchanges),
      queues.map(({ queue }) => ownExchange(queue)),
    )
    assert.deepEqual(publishable('operations'), [])
    assert.deepEqual(
      matching('operations', 'read'),
      queues.flatMap(({ queue }) => [deadLetterQueue(queue), retryQueue(queue, 1_000)]),
    )
    assert.deepEqual(matching('operations', 'configure'), [])
  })

  it('let monitoring see no message, admin do everything, and operations read the management API', () => {
    for (const right of ['configure', 'write', 'read'] as const) {
      assert.deepEqual(matching('monitoring', right), [])
      assert.deepEqual(matching('admin', right).length, all.length - 1)
    }
    assert.deepEqual(
      definitions.users.map(({ name, tags }) => [name, ...tags]).filter(([, tag]) => tag !== undefined),
      [
        ['admin', 'administrator'],
        ['monitoring', 'monitoring'],
        ['operations', 'management'],
      ],
    )
  })

  it('let services declare what they own passively, where the broker demands the right to configure', () => {
    const { permissions } = definitionsOf({ ...options, lookingNeedsConfigure: true })
    for (const { user, configure, write } of permissions) {
      if (user !== 'admin' && user !== 'monitoring') assert.equal(configure, write)
    }
  })

  it('leave out users without a password', () => {
    const { users, permissions, topic_permissions } = definitionsOf({ ...options, passwords: { order: 'o' } })
    assert.deepEqual(
      users.map(({ name, password }) => [name, password]),
      [
        ['admin', 'a'],
        ['order', 'o'],
      ],
    )
    assert.deepEqual(
      permissions.map(({ user }) => user),
      ['admin', 'order'],
    )
    assert.deepEqual(
      topic_permissions.map(({ user }) => user),
      ['order'],
    )
  })

  it('contain the whole topology in the virtual host', () => {
    assert.deepEqual(
      definitions.exchanges.map(({ name, type }) => ({ name, type })),
      topology.exchanges,
    )
    assert.deepEqual(
      definitions.queues.map((queue) => ({ name: queue.name, arguments: queue.arguments })),
      topology.queues,
    )
    assert.deepEqual(
      definitions.bindings.map((each) => ({
        exchange: each.source,
        queue: each.destination,
        routingKey: each.routing_key,
      })),
      topology.bindings,
    )
    const parts = [definitions.exchanges, definitions.queues, definitions.bindings, definitions.permissions].flat()
    for (const { vhost } of [...parts, ...definitions.topic_permissions]) assert.equal(vhost, 'shop')
  })
})
