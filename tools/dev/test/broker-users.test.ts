// needs: own-servers
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { serviceQueues, topologyOf } from '@order-saga/contracts'
import { connect } from 'amqplib'
import { checkTopology } from '../../../services/operations/src/inspect/topology/check-topology.ts'
import { ManagementApi } from '../../../services/operations/src/inspect/topology/management.ts'
import { repairTopology } from '../../../services/operations/src/inspect/topology/repair-topology.ts'
import { privateDefinitions, urlOf } from '../src/broker-users.ts'
import { startRabbitMq } from '../src/rabbitmq.ts'
import { acceptsConnections } from '../src/rabbitmq-server.ts'
import type { RabbitMqServer } from '../src/rabbitmq-server.ts'

describe('a private broker with generated definitions', function () {
  this.timeout(120_000)
  const definitions = privateDefinitions({ ORDER_QUEUE: 'shop.order', RETRY_DELAYS_MS: '10,x' })
  let server: RabbitMqServer

  before(async () => {
    server = await startRabbitMq({ definitions, management: true })
  })

  after(() => server?.stop())

  /** The error of a publication by this user; undefined when the broker has confirmed it. */
  async function refusal(user: string, exchange: string, key: string, content = Buffer.from('{}')): Promise<unknown> {
    const model = await connect(urlOf(server.url, definitions, user))
    model.on('error', () => undefined)
    const channel = await model.createConfirmChannel()
    let reason: unknown
    channel.on('error', (error: { code?: unknown }) => (reason = error.code))
    channel.publish(exchange, key, content)
    await channel.waitForConfirms().catch(() => undefined)
    await model.close()
    return reason
  }

  it('has the users of the definitions alone, with passwords of the run', async () => {
    assert.ok(await acceptsConnections(server.url))
    for (const { name } of definitions.users) assert.ok(await acceptsConnections(urlOf(server.url, definitions, name)))
    await assert.rejects(acceptsConnections(server.url.replace(/\/\/.*@/, '//guest:guest@')))
    const passwords = definitions.users.map(({ password }) => password)
    assert.equal(new Set(passwords).size, 6)
    assert.ok(passwords.every((password) => password.length >= 24))
  })

  it('lets a service publish its own events and to its own queues alone', async () => {
    assert.deepEqual(
      [
        await refusal('order', 'order.topic', 'order.created'),
        await refusal('order', 'shop.order.direct', 'shop.order.retry.10'),
        await refusal('operations', 'shop.order.direct', 'shop.order'),
      ],
      [undefined, undefined, undefined],
    )
    assert.deepEqual(
      [
        await refusal('notification', 'order.topic', 'payment.completed'),
        await refusal('notification', '', 'shop.order'),
        await refusal('notification', 'shop.order.direct', 'shop.order'),
        await refusal('operations', 'order.topic', 'order.created'),
        await refusal('operations', '', 'shop.order'),
      ],
      [403, 403, 403, 403, 403],
    )
  })

  it('lets operations alone read the management API, of definitions and no more messages than over AMQP', async () => {
    const request = async (user: string, path: string, init: RequestInit = {}): Promise<Response> => {
      const { password = '' } = definitions.users.find(({ name }) => name === user) ?? {}
      const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
      return await fetch(`${server.managementUrl}/api/${path}`, { ...init, headers: { authorization } })
    }
    const names = async (path: string, field: string): Promise<unknown[]> =>
      ((await (await request('operations', path)).json()) as Record<string, unknown>[]).map((each) => each[field])
    const bound = definitions.bindings.map(({ destination }) => destination)
    const found = await names('bindings/%2F', 'destination')
    assert.ok(bound.every((queue) => found.includes(queue)))
    assert.ok((await names('exchanges/%2F', 'name')).includes('order.topic'))
    for (const path of ['users', 'permissions', 'definitions']) {
      assert.equal((await request('operations', path)).status, 401, path)
    }
    for (const user of ['order', 'payment', 'inventory', 'notification']) {
      assert.equal((await request(user, 'bindings/%2F')).status, 401, user)
    }
    const get = JSON.stringify({ count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' })
    const publication = JSON.stringify({
      properties: {},
      routing_key: 'order.created',
      payload: '{}',
      payload_encoding: 'string',
    })
    for (const [method, path, body] of [
      ['POST', 'queues/%2F/shop.order/get', get],
      ['POST', 'exchanges/%2F/order.topic/publish', publication],
      ['DELETE', 'queues/%2F/shop.order', undefined],
      ['PUT', 'queues/%2F/mine', '{}'],
      ['DELETE', 'bindings/%2F/e/order.topic/q/payment_queue/order.created', undefined],
    ] as const) {
      const { status } = await request('operations', path, { method, ...(body !== undefined && { body }) })
      assert.ok(status === 401 || status === 403 || status === 400, `${method} ${path}: ${status}`)
    }
    assert.ok((await names('bindings/%2F', 'routing_key')).includes('order.created'))
  })

  it('lets operations compare the whole topology, and an administrator restore it', async () => {
    const queues = serviceQueues({
      orderQueue: 'shop.order',
      paymentQueue: 'payment_queue',
      inventoryQueue: 'inventory_queue',
      notificationQueue: 'notification_queue',
    })
    const topology = topologyOf({ exchange: 'order.topic', queues, retryDelaysMs: [10] })
    const url = urlOf(server.url, definitions, 'operations')
    const api = new ManagementApi(server.managementUrl ?? '', url)
    const [model, admin] = [await connect(url), await connect(server.url)]
    for (const each of [model, admin]) each.on('error', () => undefined)
    try {
      const check = async (withManagement = true): Promise<string[]> =>
        (await checkTopology(model, topology, withManagement ? await api.definitions() : undefined)).map(
          ({ kind, name, state }) => `${state} ${kind} ${name}`,
        )
      assert.deepEqual(
        (await check()).filter((part) => !part.startsWith('present')),
        [],
      )
      const unseen = (await check(false)).filter((part) => !part.startsWith('present'))
      assert.ok(unseen.length >= topology.bindings.length)
      assert.deepEqual(
        unseen.filter((part) => !part.startsWith('unknown')),
        [],
      )
      const channel = await admin.createChannel()
      await channel.deleteExchange('order.topic')
      const broken = (await check()).filter((part) => !part.startsWith('present'))
      assert.ok(broken.includes('missing exchange order.topic'))
      assert.ok(broken.includes('missing binding order.topic → payment_queue: order.created'))
      const parts = await checkTopology(model, topology, await api.definitions())
      await assert.rejects(repairTopology(model, topology, parts, 'operations'), {
        name: 'NotDone',
        message: /^The broker user operations may not declare the exchange order\.topic: set RABBITMQ_ADMIN_URL/,
      })
      await repairTopology(admin, topology, parts, 'admin')
      assert.ok((await check()).every((part) => part.startsWith('present')))
      const copy = await admin.createChannel()
      await copy.deleteQueue('payment_queue.dlq')
      await copy.assertQueue('payment_queue.dlq', { durable: true })
      assert.deepEqual(
        (await check()).filter((part) => !part.startsWith('present')),
        [
          'different queue payment_queue.dlq',
          'missing binding payment_queue.direct → payment_queue.dlq: payment_queue.dlq',
        ],
      )
      await repairTopology(admin, topology, await checkTopology(model, topology, await api.definitions()), 'admin')
      assert.deepEqual(
        (await check()).filter((part) => !part.startsWith('present')),
        ['different queue payment_queue.dlq'],
      )
      await copy.deleteQueue('payment_queue.dlq')
      await repairTopology(admin, topology, await checkTopology(model, topology, await api.definitions()), 'admin')
      assert.ok((await check()).every((part) => part.startsWith('present')))
      const refused = new ManagementApi(server.managementUrl ?? '', urlOf(server.url, definitions, 'order'))
      await assert.rejects(refused.definitions(), {
        name: 'ManagementRefused',
        message: /the user order with status 401/,
      })
    } finally {
      await Promise.all([model.close(), admin.close()])
    }
  })

  it('refuses a message over the limit on its channel alone', async () => {
    const model = await connect(urlOf(server.url, definitions, 'order'))
    const [large, other] = [await model.createConfirmChannel(), await model.createConfirmChannel()]
    const closed = once(large, 'error')
    large.publish('order.topic', 'order.created', Buffer.alloc(1_048_577))
    assert.match(String(await closed), /406 \(PRECONDITION-FAILED\)/)
    other.publish('order.topic', 'order.created', Buffer.from('{}'))
    await other.waitForConfirms()
    await model.close()
    assert.equal(await refusal('order', 'order.topic', 'order.created', Buffer.alloc(1_048_577)), 406)
    assert.equal(await refusal('order', 'order.topic', 'order.created', Buffer.alloc(1_048_576)), undefined)
  })
})
