import assert from 'node:assert/strict'
import { brokerAddressOf } from '../../src/messaging/broker-address.ts'

describe("a broker's URL", () => {
  const read: Record<string, object> = {
    'amqp://host': { hostname: 'host', username: 'guest', password: 'guest', vhost: '%2F' },
    'amqp://host/': { vhost: '%2F' },
    'amqp://host/%2F': { vhost: '%2F' },
    'amqp://host/%2Fshop': { vhost: '%2Fshop' },
    'amqp://host/order%20saga': { vhost: 'order%20saga' },
    'amqp://host/gr%C3%BC%C3%9Fe': { vhost: 'gr%C3%BC%C3%9Fe' },
    'amqp://host/a+b': { vhost: 'a%2Bb' },
    'amqps://[::1]:5671/shop': { protocol: 'amqps', hostname: '::1', port: 5671, vhost: 'shop' },
    'amqp://j%C3%BCrgen:p%C3%A4%3Ass%2Fw%40rd%23%25@host': { username: 'jürgen', password: 'pä:ss/w@rd#%' },
    'amqp://jürgen:pä:ss@host': { username: 'jürgen', password: 'pä:ss' },
    'amqp://user@host': { username: 'user', password: '' },
    'amqp://rabbit_mq.local?heartbeat=0&channelMax=100&frameMax=8192': {
      hostname: 'rabbit_mq.local',
      heartbeat: 0,
      channelMax: 100,
      frameMax: 8_192,
    },
  }
  for (const [url, expected] of Object.entries(read)) {
    it(`is read from ${url}`, () => {
      const address: object = brokerAddressOf(url)
      assert.deepEqual({ ...address, ...expected }, address)
    })
  }

  const refused: Record<string, string> = {
    'http://host': 'must start with amqp:// or amqps://',
    'amqp:///vhost': 'must have a valid host',
    'amqp://my%20host': 'must have a valid host',
    'amqp://host:0': 'must have a port from 1 to 65535',
    'amqp://host:65536': 'must be a URL with a port from 1 to 65535',
    'amqp://host:port': 'must be a URL with a port from 1 to 65535',
    'amqp://host#fragment': 'must not have a fragment: a # in a password is written %23',
    'amqp://user:p%zz@host': 'must have a password in percent-encoded UTF-8 without NUL',
    'amqp://user:p%E4ss@host': 'must have a password in percent-encoded UTF-8 without NUL',
    'amqp://us%00er:p@host': 'must have a user in percent-encoded UTF-8 without NUL',
    'amqp://host/%FF': 'must have a vhost in percent-encoded UTF-8 without NUL',
    [`amqp://host/${'%C3%BC'.repeat(128)}`]: 'must have a vhost of at most 255 bytes',
    ...Object.fromEntries(
      ['abc', '-1', '1.5', '3601', '99999999999', '', '10s', '1e1', '%30x'].map((value) => [
        `amqp://host?heartbeat=${value}`,
        'must have a heartbeat that is 0 or an integer from 1 to 3600',
      ]),
    ),
    'amqp://host?channelMax=65536': 'must have a channelMax that is 0 or an integer from 16 to 65535',
    'amqp://host?channelMax=1': 'must have a channelMax that is 0 or an integer from 16 to 65535',
    'amqp://host?frameMax=4096': 'must have a frameMax that is 0 or an integer from 8192 to 2147483647',
    'amqp://host?frameMax=big': 'must have a frameMax that is 0 or an integer from 8192 to 2147483647',
    'amqp://host?heartbeat=5&heartbeat=6': 'must have the query parameter heartbeat once',
    'amqp://host?heart_beat=5': 'must have no query parameters but heartbeat, channelMax, frameMax',
    'amqp://host?__proto__=5': 'must have no query parameters but heartbeat, channelMax, frameMax',
  }
  for (const [url, message] of Object.entries(refused)) {
    it(`is refused: ${url}`, () => assert.throws(() => brokerAddressOf(url), new Error(message)))
  }
})
