import assert from 'node:assert/strict'
import { freePort } from '../src/free-port.ts'
import {
  brokerAddresses,
  choosePorts,
  databaseAddresses,
  migrationEnvironment,
  processEnvironment,
  processNames,
} from '../src/service-plan.ts'

describe('the ports of a run', () => {
  it('are all different where one that is named is usual for another process', async () => {
    const [named, usual] = [await freePort(), await freePort()]
    const ports = await choosePorts({ PORT: String(named) }, { order: usual, inventory: named, console: named })
    const all = [ports.order, ports.inventory, ports.console, ...Object.values(ports.ops)]
    assert.equal(ports.order, named)
    assert.equal(new Set(all).size, all.length)
  })

  it('are refused where two processes would have the same', async () => {
    const port = String(await freePort())
    await assert.rejects(
      choosePorts({ INVENTORY_PORT: port, PAYMENT_OPS_PORT: port }, {}),
      new Error('PAYMENT_OPS_PORT is the port of INVENTORY_PORT, too: set it to another one.'),
    )
  })

  for (const text of ['0', '1e3', '0x1000', '5.0', '65536', '-1', 'http']) {
    it(`are refused where one is ${text}`, async () => {
      await assert.rejects(
        choosePorts({ PORT: text }, {}),
        new Error(`PORT is "${text}": set it to a port, a number from 1 to 65535.`),
      )
    })
  }
})

const ports = {
  order: 1,
  inventory: 2,
  console: 3,
  issuer: 9,
  ops: { order: 4, payment: 5, inventory: 6, notification: 7, console: 8 },
}

describe('the access tokens of a run', () => {
  const database = { host: 'h', port: 5432, user: 'owner', password: 'secret', hasRoles: true }
  const accessOf = (env: NodeJS.ProcessEnv) => {
    const all = processEnvironment('order', env, ports, { rabbitMqUrl: 'amqp://b', database }, '/tmp')
    return Object.fromEntries(Object.entries(all).filter(([name, value]) => name.startsWith('AUTH_') && value))
  }

  it('are those of the local issuer with AUTH_MODE=jwt, whose algorithm and claim no setting changes', () => {
    const local = {
      AUTH_MODE: 'jwt',
      AUTH_ISSUER: 'http://127.0.0.1:9',
      AUTH_JWKS_URL: 'http://127.0.0.1:9/jwks.json',
      AUTH_AUDIENCE: 'order-saga',
    }
    const ofProvider = { AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'a', AUTH_ALGORITHMS: 'RS256', AUTH_CUSTOMER_CLAIM: 'c' }
    assert.deepEqual(accessOf({ AUTH_MODE: 'jwt' }), local)
    assert.deepEqual(accessOf({ AUTH_MODE: 'jwt', ...ofProvider }), local)
    const complete = { AUTH_MODE: 'jwt', ...ofProvider, AUTH_JWKS_URL: 'https://login.example/certs' }
    assert.deepEqual(accessOf(complete), complete)
    assert.deepEqual(accessOf({ AUTH_MODE: 'none' }), { AUTH_MODE: 'none' })
  })
})

describe('the broker logins of a run', () => {
  const database = { host: 'h', port: 5432, user: 'owner', password: 'secret', hasRoles: true }
  const urls = {
    order: 'amqp://order@b',
    payment: 'amqp://payment@b',
    inventory: 'amqp://inventory@b',
    notification: 'amqp://notification@b',
    operations: 'amqp://operations@b',
  }
  const loginsWith = (rabbitMqUserUrls: typeof urls | undefined, env: NodeJS.ProcessEnv) => {
    const servers = { rabbitMqUrl: 'amqp://admin@b', rabbitMqUserUrls, database }
    const logins = processNames.map((name) => {
      const { RABBITMQ_URL: url, TOPOLOGY: topology } = processEnvironment(name, env, ports, servers, '/tmp')
      return [url, topology]
    })
    return { logins, addresses: brokerAddresses(servers) }
  }

  it('are a user for each process on a private broker, which has the topology', () => {
    const { logins, addresses } = loginsWith(urls, {})
    assert.deepEqual(
      logins,
      Object.values(urls).map((url) => [url, 'assume']),
    )
    assert.deepEqual(addresses, {
      RABBITMQ_URL: 'amqp://admin@b',
      ORDER_RABBITMQ_URL: urls.order,
      PAYMENT_RABBITMQ_URL: urls.payment,
      INVENTORY_RABBITMQ_URL: urls.inventory,
      NOTIFICATION_RABBITMQ_URL: urls.notification,
    })
  })

  it('are the user of RABBITMQ_URL everywhere on a given broker, with the TOPOLOGY that was set', () => {
    const { logins, addresses } = loginsWith(undefined, { TOPOLOGY: 'declare' })
    assert.deepEqual(
      logins,
      processNames.map(() => ['amqp://admin@b', 'declare']),
    )
    assert.deepEqual(new Set(Object.values(addresses)), new Set(['amqp://admin@b']))
  })
})

describe('the database logins of a run', () => {
  const server = { host: 'h', port: 5432, user: 'owner', password: 'secret' }
  const run = (hasRoles: boolean) => {
    const database = { ...server, hasRoles }
    const of = (name: 'order' | 'console') =>
      processEnvironment(name, {}, ports, { rabbitMqUrl: 'amqp://b', database }, '/tmp')
    return {
      migration: migrationEnvironment('order', database, '/tmp'),
      service: of('order'),
      console: of('console'),
      addresses: databaseAddresses(database),
    }
  }

  it('are the owner for migrations and a role for each other use, each with its own password', () => {
    const { migration, service, console, addresses } = run(true)
    assert.deepEqual([migration['DB_USER'], migration['DB_PASSWORD']], ['owner', 'secret'])
    assert.deepEqual([service['DB_USER'], service['DB_PASSWORD']], ['order_runtime', migration['DB_RUNTIME_PASSWORD']])
    assert.equal(addresses['ORDER_DB_URL'], 'postgres://owner:secret@h:5432/order_db')
    assert.equal(
      addresses['ORDER_RUNTIME_DB_URL'],
      `postgres://order_runtime:${migration['DB_RUNTIME_PASSWORD']}@h:5432/order_db`,
    )
    assert.equal(console['ORDER_DB_URL'], `postgres://order_reader:${migration['DB_READER_PASSWORD']}@h:5432/order_db`)
    assert.equal(console['ORDER_OPERATOR_DB_USER'], 'order_operator')
    assert.equal(console['ORDER_OPERATOR_DB_PASSWORD'], migration['DB_OPERATOR_PASSWORD'])
    const passwords = [
      'secret',
      ...['RUNTIME', 'READER', 'OPERATOR'].map((role) => migration[`DB_${role}_PASSWORD`]),
      ...['PAYMENT', 'INVENTORY'].map((store) => new URL(addresses[`${store}_RUNTIME_DB_URL`] ?? '').password),
    ]
    assert.equal(new Set(passwords).size, passwords.length)
    // Another run on the same server must not change them.
    assert.deepEqual(run(true), { migration, service, console, addresses })
  })

  it('are the owner everywhere where it may not create roles', () => {
    const { migration, service, console, addresses } = run(false)
    assert.equal(migration['DB_RUNTIME_USER'], undefined)
    assert.deepEqual([service['DB_USER'], service['DB_PASSWORD']], ['owner', 'secret'])
    assert.equal(addresses['ORDER_RUNTIME_DB_URL'], addresses['ORDER_DB_URL'])
    assert.equal(console['ORDER_DB_URL'], addresses['ORDER_DB_URL'])
  })
})
