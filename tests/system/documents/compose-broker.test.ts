import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigurationError } from '@order-saga/chassis'
import { type Definitions, definitionsOf, maxMessageBytes, serviceQueues, services } from '@order-saga/contracts'
import {
  brokerDefinitions,
  importDefinitions,
  loadBrokerDefinitionsConfig,
} from '../../../services/operations/src/broker-definitions.ts'
import { composeFile, environmentOf, writtenEnvironmentOf } from './compose-file.ts'

const operations = ['console', 'audit', 'audit-exporter'] as const
/** The programs that connect to the broker, each with its user. */
const users = [
  ...services.map((service) => [`${service}-service`, service] as const),
  ...operations.map((program) => [program, 'operations'] as const),
]

function planOf(env: NodeJS.ProcessEnv): Parameters<typeof definitionsOf>[0]['plan'] {
  const value = (name: string): string => env[name] ?? assert.fail(`${name} is not set`)
  return {
    exchange: value('ORDER_EXCHANGE'),
    queues: serviceQueues({
      orderQueue: value('ORDER_QUEUE'),
      paymentQueue: value('PAYMENT_QUEUE'),
      inventoryQueue: value('INVENTORY_QUEUE'),
      notificationQueue: value('NOTIFICATION_QUEUE'),
    }),
    retryDelaysMs: value('RETRY_DELAYS_MS').split(',').map(Number),
  }
}

const definitionsIn = (env: NodeJS.ProcessEnv): Definitions => brokerDefinitions(loadBrokerDefinitionsConfig(env))
const definitionsWith = (shell: Readonly<Record<string, string>>): Definitions =>
  definitionsIn(environmentOf('broker-definitions', shell))

const renamed = {
  ORDER_EXCHANGE: 'shop.topic',
  PAYMENT_QUEUE: 'shop.payment',
  RETRY_DELAYS_MS: '10,20',
  RABBITMQ_USER: 'root',
  RABBITMQ_PASSWORD: 'secret "0"',
  ...Object.fromEntries(
    [...services, 'operations'].map((user) => [`${user.toUpperCase()}_RABBITMQ_PASSWORD`, `${user} /@:\\"`]),
  ),
}

describe("the broker's definitions in Compose", () => {
  for (const [kind, shell] of [
    ['by default', {}],
    ['with other names, delays and passwords', renamed],
  ] as const) {
    it(`are those of the topology of every process ${kind}`, () => {
      const definitions = definitionsWith(shell)
      const [admin] = definitions.users
      assert.ok(admin)
      const passwords = Object.fromEntries(definitions.users.slice(1).map(({ name, password }) => [name, password]))
      for (const [program] of users) {
        const plan = planOf(environmentOf(program, shell))
        assert.deepEqual(definitions, definitionsOf({ plan, vhost: '/', admin, passwords }), program)
      }
    })

    it(`have a user of its own for each service and for operations, with its login, ${kind}`, () => {
      const { users: known } = definitionsWith(shell)
      const logins = users.map(([program, user]) => {
        const env = environmentOf(program, shell)
        assert.equal(env['RABBITMQ_URL'], `amqp://${user}@rabbitmq:5672`, program)
        assert.equal(env['RABBITMQ_PASSWORD'], known.find(({ name }) => name === user)?.password, program)
        return env['RABBITMQ_PASSWORD']
      })
      assert.equal(new Set(logins).size, services.length + 1)
      const names = [...services, 'operations']
      assert.deepEqual(
        known
          .slice(1)
          .map(({ name }) => name)
          .toSorted(),
        names.toSorted(),
      )
    })
  }

  it('have the administrator of earlier releases', () => {
    assert.deepEqual(definitionsWith({}).users[0], { name: 'guest', password: 'guest', tags: ['administrator'] })
    assert.equal(definitionsWith(renamed).users[0]?.name, 'root')
  })

  it('are assumed by the services, unless one user with all rights is given', () => {
    const shell = { RABBITMQ_URL: 'amqp://guest:guest@rabbitmq:5672', TOPOLOGY: 'declare' }
    for (const [program] of users) {
      assert.equal(environmentOf(program)['TOPOLOGY'], 'assume', program)
      const env = environmentOf(program, shell)
      assert.deepEqual([env['RABBITMQ_URL'], env['TOPOLOGY']], [shell.RABBITMQ_URL, 'declare'], program)
    }
  })

  it('are imported before any process connects', () => {
    const completed = { condition: 'service_completed_successfully' }
    for (const [program] of users) {
      if (program === 'audit') continue
      assert.deepEqual(composeFile.services[program]?.depends_on?.['broker-definitions'], completed, program)
    }
    const importer = composeFile.services['broker-definitions']
    assert.deepEqual(importer?.depends_on, { rabbitmq: { condition: 'service_healthy' } })
    const admin = writtenEnvironmentOf('rabbitmq')
    const { ADMIN_RABBITMQ_USER, ADMIN_RABBITMQ_PASSWORD } = writtenEnvironmentOf('broker-definitions')
    assert.equal(admin['RABBITMQ_DEFAULT_USER'], ADMIN_RABBITMQ_USER)
    assert.equal(admin['RABBITMQ_DEFAULT_PASS'], ADMIN_RABBITMQ_PASSWORD)
  })

  it('come with the limit of the size of messages', () => {
    const args = writtenEnvironmentOf('rabbitmq')['RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS']
    assert.match(`${args} `, new RegExp(`-rabbit max_message_size ${maxMessageBytes} `))
  })

  it('leave out users without a password, and require an administrator of another name', () => {
    const names = definitionsIn({ ADMIN_RABBITMQ_PASSWORD: 'a', ORDER_RABBITMQ_PASSWORD: 'o' }).users
    assert.deepEqual(
      names.map(({ name }) => name),
      ['admin', 'order'],
    )
    assert.throws(() => definitionsIn({}), new ConfigurationError('ADMIN_RABBITMQ_PASSWORD must be set.'))
    const taken = { ADMIN_RABBITMQ_USER: 'payment', ADMIN_RABBITMQ_PASSWORD: 'a' }
    assert.throws(() => definitionsIn(taken), /^ConfigurationError: ADMIN_RABBITMQ_USER must not be/)
  })

  it('are not imported, with one sentence, when the broker refuses them or cannot be reached', async () => {
    const server = createServer((request, response) => {
      request.resume()
      const allowed = request.headers.authorization === `Basic ${Buffer.from('admin:right').toString('base64')}`
      response.writeHead(allowed ? 400 : 401).end('{"reason":"no such type"}')
    }).listen(0, '127.0.0.1')
    try {
      await new Promise((resolve) => server.once('listening', resolve))
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const attempt = async (password: string): Promise<void> =>
        importDefinitions(
          loadBrokerDefinitionsConfig({ RABBITMQ_MANAGEMENT_URL: address, ADMIN_RABBITMQ_PASSWORD: password }),
        )
      await assert.rejects(attempt('wrong'), /the broker refuses the login of the administrator admin\.$/)
      await assert.rejects(attempt('right'), /refuses the definitions with status 400: .*no such type/)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await assert.rejects(attempt('right'), /cannot be reached/)
    } finally {
      server.close()
    }
  })
})
