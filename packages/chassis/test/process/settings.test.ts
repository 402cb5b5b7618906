import assert from 'node:assert/strict'
import { ConfigurationError, loadConfig } from '../../src/core/config.ts'
import { apiPort, commonSettings, databaseSettings, httpHost } from '../../src/process/settings.ts'

const load = (environment: NodeJS.ProcessEnv): unknown => loadConfig(commonSettings, environment)

describe('the addresses of servers and APIs', () => {
  const settings = {
    ...commonSettings,
    ...databaseSettings('order_db'),
    httpHost,
    port: apiPort({ default: 3000, doc: '' }),
  }
  const inHost = 'DB_HOST must be a host name or an IP address, without a scheme and a port.'
  const refused: [environment: NodeJS.ProcessEnv, message: string][] = [
    [{ DB_PORT: '0' }, 'DB_PORT must be a port from 1 to 65535, but is "0".'],
    [{ PORT: '9464' }, 'PORT must not be the same as OPS_PORT.'],
    [{ PORT: '8080', OPS_PORT: '8080' }, 'PORT must not be the same as OPS_PORT.'],
    ...['localhost:5432', 'postgres://localhost', 'local host', '[::1]', 'user@host', 'one,two'].map(
      (host): [NodeJS.ProcessEnv, string] => [{ DB_HOST: host }, inHost],
    ),
    ...['HTTP_HOST', 'OPS_HOST'].flatMap((variable) =>
      [
        '*',
        '0',
        '127.1',
        '256.0.0.1',
        '127.0.0.1:80',
        '10.0.0.0/8',
        '[::1]',
        'http://127.0.0.1',
        'my-host',
        '1.1.1.1,::1',
      ].map((host): [NodeJS.ProcessEnv, string] => [
        { [variable]: host },
        `${variable} must be an IP address to listen on, such as 127.0.0.1, 0.0.0.0 or ::, or localhost, but is "${host}".`,
      ]),
    ),
  ]
  for (const [environment, message] of refused) {
    it(`are refused: ${JSON.stringify(environment)}`, () => {
      assert.throws(() => loadConfig(settings, environment), new ConfigurationError(message))
    })
  }

  it('may be any others', () => {
    for (const host of ['db_1', 'db.example.com', '10.0.0.1', '::1', '/var/run/postgresql']) {
      assert.doesNotThrow(() => loadConfig(settings, { DB_HOST: host, PORT: '0', OPS_PORT: '0' }))
    }
    for (const host of ['0.0.0.0', '::', '::1', '10.0.0.1', 'fe80::1%eth0', 'localhost']) {
      assert.doesNotThrow(() => loadConfig(settings, { HTTP_HOST: host, OPS_HOST: host }))
    }
  })

  it('are those of this machine alone unless others are given', () => {
    const { httpHost: http, opsHost: ops } = loadConfig(settings, {})
    assert.deepEqual([http, ops], ['127.0.0.1', '127.0.0.1'])
  })
})

describe('the names of queues and exchange', () => {
  const refused: [environment: NodeJS.ProcessEnv, message: string][] = [
    [
      { ORDER_QUEUE: 'q'.repeat(250) },
      'ORDER_QUEUE must have at most 243 bytes, but has 250: with the suffix .retry.15000 it is the name of another queue.',
    ],
    [
      { INVENTORY_QUEUE: 'ü'.repeat(125), RETRY_DELAYS_MS: '1' },
      'INVENTORY_QUEUE must have at most 247 bytes, but has 250: with the suffix .retry.1 it is the name of another queue.',
    ],
    [
      { PAYMENT_QUEUE: 'q'.repeat(248), RETRY_DELAYS_MS: '1' },
      'PAYMENT_QUEUE must have at most 247 bytes, but has 248: with the suffix .charges it is the name of another queue.',
    ],
    [{ NOTIFICATION_QUEUE: 'q'.repeat(256) }, 'NOTIFICATION_QUEUE must have at most 255 bytes, but has 256.'],
    [{ ORDER_QUEUE: 'a\nb' }, 'ORDER_QUEUE must not contain control characters.'],
    [{ ORDER_EXCHANGE: 'a\u0007b' }, 'ORDER_EXCHANGE must not contain control characters.'],
    [{ ORDER_QUEUE: 'amq.order' }, 'ORDER_QUEUE must not begin with amq., as the names of RabbitMQ do.'],
    [{ ORDER_EXCHANGE: 'amq.topic' }, 'ORDER_EXCHANGE must not begin with amq., as the names of RabbitMQ do.'],
    [{ ORDER_EXCHANGE: 'x'.repeat(256) }, 'ORDER_EXCHANGE must have at most 255 bytes, but has 256.'],
    [{ ORDER_QUEUE: 'x', PAYMENT_QUEUE: 'x' }, 'ORDER_QUEUE must not be the same as PAYMENT_QUEUE.'],
    [{ ORDER_QUEUE: 'payment_queue' }, 'ORDER_QUEUE must not be the same as PAYMENT_QUEUE.'],
    [{ NOTIFICATION_QUEUE: 'order_queue' }, 'ORDER_QUEUE must not be the same as NOTIFICATION_QUEUE.'],
    ...['dlq', 'charges', 'retry.1000', 'retry.7'].map((suffix): [NodeJS.ProcessEnv, string] => [
      { ORDER_QUEUE: `payment_queue.${suffix}` },
      'ORDER_QUEUE must not be the name of a queue that is derived from PAYMENT_QUEUE.',
    ]),
    [
      { ORDER_QUEUE: 'x', INVENTORY_QUEUE: 'x.dlq' },
      'INVENTORY_QUEUE must not be the name of a queue that is derived from ORDER_QUEUE.',
    ],
    [
      { ORDER_QUEUE: 'payment_queue.direct' },
      'ORDER_QUEUE must not be the name of the exchange that is derived from PAYMENT_QUEUE.',
    ],
    [{ ORDER_QUEUE: 'order.topic' }, 'ORDER_QUEUE must not be the same as ORDER_EXCHANGE.'],
    [{ ORDER_EXCHANGE: 'inventory_queue' }, 'INVENTORY_QUEUE must not be the same as ORDER_EXCHANGE.'],
    [
      { ORDER_EXCHANGE: 'x.direct', NOTIFICATION_QUEUE: 'x' },
      'ORDER_EXCHANGE must not be the name of the exchange that is derived from NOTIFICATION_QUEUE.',
    ],
    [
      { ORDER_EXCHANGE: 'payment_queue.charges' },
      'ORDER_EXCHANGE must not be the name of a queue that is derived from PAYMENT_QUEUE.',
    ],
    [
      { RABBITMQ_URL: 'amqp://u:hunter2@host?heartbeat=abc' },
      'RABBITMQ_URL must have a heartbeat that is 0 or an integer from 1 to 3600.',
    ],
    [
      { RABBITMQ_URL: 'amqp://u:1/hunter2@host' },
      'RABBITMQ_URL must be a URL with user, password and path in percent-encoded UTF-8.',
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://host:70000' },
      'OTEL_EXPORTER_OTLP_ENDPOINT must be a URL with a valid host and a port from 1 to 65535.',
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://host?x' }, 'OTEL_EXPORTER_OTLP_ENDPOINT must be a URL without a query.'],
  ]
  for (const [environment, message] of refused) {
    const shown = Object.entries(environment).map(([name, value]) => `${name}=${value?.slice(0, 30)}`)
    it(`are refused: ${shown.join(' ')}`, () => assert.throws(() => load(environment), new ConfigurationError(message)))
  }

  it('may be any others', () => {
    for (const environment of [
      { ORDER_QUEUE: 'q'.repeat(243) },
      { ORDER_QUEUE: 'Aufträge & mehr', ORDER_EXCHANGE: 'payment.topic' },
      { ORDER_QUEUE: 'payment_queue.retry', PAYMENT_QUEUE: 'payment_queue' },
      { ORDER_QUEUE: 'inventory_queue.charges', INVENTORY_QUEUE: 'amq' },
    ]) {
      assert.doesNotThrow(() => load(environment))
    }
  })
})
