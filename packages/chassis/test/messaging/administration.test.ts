// needs: own-servers
import assert from 'node:assert/strict'
import { deadLetterQueue } from '@order-saga/contracts'
import { testServers, waitUntil } from '@order-saga/dev'
import { DependencyUnavailable, PoisonMessage } from '../../src/core/errors.ts'
import { connect } from '../../src/messaging/connect.ts'
import type { Publication } from '../../src/messaging/publisher.ts'
import { BrokerForTest } from '../support/broker-for-test.ts'
import { outgoing } from '../support/deliveries.ts'

/** An Erlang binary: the arguments of rabbitmqctl depend on the locale. */
const binary = (text: string): string => `<<${[...Buffer.from(text)].join(',')}>>`

describe('a broker that is administered', function () {
  this.timeout(120_000)
  const password = 'pä:ss/w@rd#%'
  const cases: [user: string, vhost: string][] = [
    ['jürgen', '/'],
    ['100 %/à', 'grüße an/alle'],
  ]

  for (const [user, vhost] of cases) {
    it(`accepts the user ${user} in the vhost ${vhost}, percent-encoded as UTF-8`, async () => {
      const server = await testServers().rabbitMq()
      const [name, place, any, by] = [user, vhost, '.*', 'test'].map(binary)
      const { host } = new URL(server.url)
      const login = [user, password].map(encodeURIComponent).join(':')
      await server.ctl(
        'eval',
        `${vhost === '/' ? '' : `rabbit_vhost:add(${place}, ${by}),`}
         rabbit_auth_backend_internal:add_user(${name}, ${binary(password)}, ${by}),
         rabbit_auth_backend_internal:set_permissions(${name}, ${place}, ${any}, ${any}, ${any}, ${by}).`,
      )
      try {
        const url = `amqp://${login}@${host}/${encodeURIComponent(vhost)}`
        const model = await connect(url, { name: 'credentials test', timeoutMs: 10_000 })
        model.on('error', () => undefined)
        const channel = await model.createChannel()
        assert.ok((await channel.assertQueue('', { exclusive: true })).queue)
        await model.close()
        const wrong = url.replace('%23', '%24')
        await assert.rejects(connect(wrong, { name: 'credentials test', timeoutMs: 10_000 }), /ACCESS.REFUSED/)
      } finally {
        await server.ctl(
          'eval',
          `rabbit_auth_backend_internal:delete_user(${name}, ${by})${vhost === '/' ? '' : `, rabbit_vhost:delete(${place}, ${by})`}.`,
        )
      }
    })
  }

  it('makes publishing fail at once while an alarm blocks it, and possible again when the alarm clears', async () => {
    const own = await BrokerForTest.create()
    const broker = own.open()
    const publisher = own.publisher(broker)
    const available = (): Promise<true> =>
      waitUntil(() => publisher.isAvailable, { what: 'the publisher to be available', limitMs: 15_000 })
    const message = (): Publication => ({
      exchange: own.exchange,
      routingKey: own.events[0]?.name ?? '',
      content: Buffer.from('{}'),
      options: {},
    })
    await available()
    const server = await testServers().rabbitMq()
    try {
      await server.ctl('set_vm_memory_high_watermark', '0.0001')
      // The broker checks its memory about once a second, and sends connection.blocked only to a publishing connection.
      let last: Promise<unknown> | undefined
      const blocks = (): boolean => {
        if (!broker.isBlocked) last = publisher.publish(message()).catch((error: unknown) => error)
        return broker.isBlocked
      }
      await waitUntil(blocks, { what: 'the broker to block', limitMs: 15_000, intervalMs: 50 })
      assert.equal(publisher.isAvailable, false)
      const start = performance.now()
      const blocked = new DependencyUnavailable('broker', 'publishing is blocked by an alarm')
      await assert.rejects(publisher.publish(message()), blocked)
      assert.ok(performance.now() - start < 1_000)
      assert.ok((await last) instanceof DependencyUnavailable)
    } finally {
      await server.ctl('set_vm_memory_high_watermark', '0.6')
    }
    await available()
    assert.equal(await publisher.publish(message()), 'routed')
    await publisher.close()
    await own.drop()
  })

  it('dead-letters a message of more bytes than it accepts any longer', async () => {
    const server = await testServers().rabbitMq()
    const limitTo = async (bytes: number): Promise<void> => {
      const set = `application:set_env(rabbit, max_message_size, ${bytes}), persistent_term:put(max_message_size, ${bytes}).`
      await server.ctl('eval', set)
    }
    const limited = await BrokerForTest.create()
    try {
      await limited.declare()
      const small = outgoing()
      await limited.send([outgoing({ payload: JSON.stringify({ reason: 'x'.repeat(2_000_000) }) }), small])
      await limitTo(1_000_000)
      const consumer = limited.consumer(limited.open(), limited.publisher(limited.open()), () =>
        Promise.reject(new PoisonMessage('never')),
      )
      const dlq = deadLetterQueue(limited.queue)
      const state = (): unknown => limited.lines.slice(-5)
      await waitUntil(async () => (await limited.ready(dlq)) === 2, {
        what: 'two dead letters',
        limitMs: 20_000,
        state,
      })
      await waitUntil(() => consumer.unsettled === 0, { what: 'the acks', limitMs: 5_000 })
      const dead = [await limited.take(dlq), await limited.take(dlq)]
      const reasons = dead.map(
        (one) => one?.properties.headers?.['reason'] ?? one?.properties.headers?.['x-first-death-reason'],
      )
      assert.deepEqual(new Set(reasons), new Set(['never', 'rejected']))
      const rejections = limited.lines.filter(({ msg }) => msg === 'cannot be published, the broker dead-letters it')
      assert.deepEqual(
        rejections.map(({ level, reason }) => [level, reason]),
        [['error', 'the broker refuses the message']],
      )
      const { values } = await limited.metrics.consumed.get()
      assert.equal(values.find(({ labels, value }) => labels.result === 'dead_lettered' && value > 0)?.value, 2)
    } finally {
      await limitTo(134_217_728)
      await limited.drop()
    }
  })
})
