// needs: broker
import assert from 'node:assert/strict'
import { testServers } from '@order-saga/dev'
import { connect } from '../../src/messaging/connect.ts'

/** An Erlang binary: the arguments of rabbitmqctl depend on the locale. */
const binary = (text: string): string => `<<${[...Buffer.from(text)].join(',')}>>`

describe('a connection to the broker', function () {
  this.timeout(120_000)
  const password = 'pä:ss/w@rd#%'
  const cases: [user: string, vhost: string][] = [
    ['jürgen', '/'],
    ['100 %/à', 'grüße an/alle'],
  ]

  for (const [user, vhost] of cases) {
    it(`is opened by the user ${user} in the vhost ${vhost}, percent-encoded as UTF-8`, async () => {
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
})
