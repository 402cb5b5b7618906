// needs: own-servers
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'amqplib'
import { privateDefinitions, urlOf } from '../src/broker-users.ts'
import { startRabbitMq } from '../src/rabbitmq.ts'
import { acceptsConnections } from '../src/rabbitmq-server.ts'
import type { RabbitMqServer } from '../src/rabbitmq-server.ts'

describe('a private broker with generated definitions', function () {
  this.timeout(120_000)
  const definitions = privateDefinitions({ ORDER_QUEUE: 'shop.order', RETRY_DELAYS_MS: '10,x' })
  let server: RabbitMqServer

  before(async () => {
    server = await startRabbitMq({ definitions })
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
