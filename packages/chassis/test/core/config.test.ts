import assert from 'node:assert/strict'
import {
  ConfigurationError,
  delays,
  integer,
  loadConfig,
  milliseconds,
  oneOf,
  optionalText,
  port,
  rate,
  type Setting,
  text,
  url,
} from '../../src/core/config.ts'
import { type CommonConfig, commonSettings, databaseSettings } from '../../src/process/settings.ts'

const doc = 'A setting.'

/** Each kind of setting, with accepted and rejected values. */
const kinds: {
  name: string
  setting: Setting<unknown>
  good: Record<string, unknown>
  bad: Record<string, string>
}[] = [
  {
    name: 'an integer',
    setting: integer({ env: 'COUNT', default: 3, min: -1, max: 10, unit: 'things', doc }),
    good: { '10': 10, '-1': -1, ' 7\n': 7 },
    bad: {
      '12abc': 'COUNT must be an integer from -1 to 10 (things), but is "12abc".',
      '11': 'COUNT must be an integer from -1 to 10 (things), but is "11".',
      '1.5': 'COUNT must be an integer from -1 to 10 (things), but is "1.5".',
      ' ': 'COUNT must be an integer from -1 to 10 (things), but is " ".',
    },
  },
  {
    name: 'a duration',
    setting: milliseconds({ env: 'WAIT_MS', default: 1_000, max: 5_000, doc }),
    good: { '1': 1, '5000': 5_000 },
    bad: {
      '0': 'WAIT_MS must be an integer from 1 to 5000 (milliseconds), but is "0".',
      '5s': 'WAIT_MS must be an integer from 1 to 5000 (milliseconds), but is "5s".',
      '1e3': 'WAIT_MS must be an integer from 1 to 5000 (milliseconds), but is "1e3".',
    },
  },
  {
    name: 'a rate',
    setting: rate({ env: 'SHARE', default: 0, doc }),
    good: { '0': 0, '1': 1, '0.25': 0.25 },
    bad: {
      '1.1': 'SHARE must be a number from 0 to 1, but is "1.1".',
      '-0.1': 'SHARE must be a number from 0 to 1, but is "-0.1".',
      '10%': 'SHARE must be a number from 0 to 1, but is "10%".',
    },
  },
  {
    name: 'a port',
    setting: port({ env: 'PORT', default: 3_000, doc }),
    good: { '0': 0, '65535': 65_535 },
    bad: {
      '65536': 'PORT must be a port from 0 to 65535, but is "65536".',
      http: 'PORT must be a port from 0 to 65535, but is "http".',
    },
  },
  {
    name: 'a list of delays',
    setting: delays({ env: 'DELAYS_MS', default: [1, 2], doc }),
    good: { '5': [5], '1, 20,300': [1, 20, 300] },
    bad: Object.fromEntries(
      ['1,1', '2,1', '0', '1,,2', 'soon', '1,2,3,4,5,6,7,8,9,10,11'].map((bad) => [
        bad,
        'DELAYS_MS must be a list of 1 to 10 increasing delays from 1 to 86400000 (milliseconds), separated by commas, ' +
          `but is "${bad}".`,
      ]),
    ),
  },
  {
    name: 'a choice',
    setting: oneOf({ env: 'MODE', default: 'declare', values: ['declare', 'assume'], doc }),
    good: { assume: 'assume' },
    bad: { Assume: 'MODE must be one of declare, assume, but is "Assume".' },
  },
  {
    name: 'a text',
    setting: text({ env: 'NAME', default: 'somebody', doc }),
    good: { 'order.topic': 'order.topic' },
    bad: { '  ': 'NAME must be a text that is not empty, but is "  ".' },
  },
  {
    name: 'a text that may be empty',
    setting: optionalText({ env: 'SECRET', doc, sensitive: true }),
    good: { 'p@ss "word"': 'p@ss "word"', '   ': '' },
    bad: {},
  },
  {
    name: 'a URL',
    setting: url({ env: 'BROKER_URL', default: 'amqp://localhost', schemes: ['amqp', 'amqps'], doc }),
    good: {
      'amqps://user:pass@host:1/v': 'amqps://user:pass@host:1/v',
      'amqp://u%40x:p%40ss%2Fw%23rd%251@host/order%20saga?heartbeat=5':
        'amqp://u%40x:p%40ss%2Fw%23rd%251@host/order%20saga?heartbeat=5',
    },
    bad: {
      'http://user:hunter2@host': 'BROKER_URL must be a URL that starts with amqp:// or amqps://.',
      'amqp:hunter2@': 'BROKER_URL must be a URL that starts with amqp:// or amqps://.',
      ' ': 'BROKER_URL must be a URL that starts with amqp:// or amqps://.',
      'amqp://user:p@ss/w#rd%1:x@host':
        'BROKER_URL must be a URL without a fragment: a # in a password is written %23.',
      'amqp://user:pass#word@host': 'BROKER_URL must be a URL with a valid host and a port from 1 to 65535.',
      ...Object.fromEntries(
        ['p@ss/word', '1/word', '1?word', 'pass%word'].map((password) => [
          `amqp://user:${password}@host`,
          'BROKER_URL must be a URL with user, password and path in percent-encoded UTF-8.',
        ]),
      ),
    },
  },
  {
    name: 'an optional URL',
    setting: url({ env: 'MAIL_URL', default: '', schemes: ['smtp'], doc }),
    good: { ' ': '', 'smtp://host': 'smtp://host' },
    bad: { host: 'MAIL_URL must be a URL that starts with smtp://, or empty.' },
  },
]

function load(setting: Setting<unknown>, environment: NodeJS.ProcessEnv): unknown {
  return loadConfig<{ value: unknown }>({ value: setting }, environment).value
}

describe('the configuration', () => {
  for (const { name, setting, good, bad } of kinds) {
    describe(`with ${name}`, () => {
      it('uses the default when the variable is unset or empty', () => {
        assert.deepEqual(load(setting, {}), setting.default)
        assert.deepEqual(load(setting, { [setting.env]: '' }), setting.default)
      })

      for (const [value, expected] of Object.entries(good)) {
        it(`reads ${JSON.stringify(value)}`, () => {
          assert.deepEqual(load(setting, { [setting.env]: value }), expected)
        })
      }

      for (const [value, message] of Object.entries(bad)) {
        it(`rejects ${JSON.stringify(value)} in one sentence that names the variable`, () => {
          assert.throws(() => load(setting, { [setting.env]: value }), new ConfigurationError(message))
        })
      }
    })
  }

  it('omits a secret from the error message', () => {
    const setting = { ...integer({ env: 'PIN', default: 0, min: 0, max: 9, doc }), sensitive: true }
    assert.throws(
      () => load(setting, { PIN: 'hunter2' }),
      new ConfigurationError('PIN must be an integer from 0 to 9.'),
    )
  })

  it('accepts all of its own defaults', () => {
    const all = { ...commonSettings, ...databaseSettings('some_db') }
    const config = loadConfig<Record<string, unknown>>(all, {})
    assert.deepEqual(
      config,
      Object.fromEntries(Object.entries(all).map(([key, setting]) => [key, setting.default as unknown])),
    )
  })

  it('keeps the values of each call separate', () => {
    const environment = { RETRY_DELAYS_MS: '10,20' }
    const first = loadConfig<CommonConfig>(commonSettings, environment)
    const second = loadConfig<CommonConfig>(commonSettings, {})
    assert.deepEqual(first.retryDelaysMs, [10, 20])
    assert.deepEqual(second.retryDelaysMs, [1_000, 5_000, 15_000, 45_000])
  })
})
