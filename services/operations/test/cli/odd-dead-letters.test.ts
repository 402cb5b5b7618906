// needs: database, broker
import assert from 'node:assert/strict'
import {
  field,
  long,
  nested,
  publishRaw,
  type RawProperties,
  short,
  table,
  text,
  uint64,
} from '@order-saga/tests/support/raw-publication'
import { connect } from 'amqplib'
import { useOperatedSystem } from './operated-system.ts'

const maximum = uint64(2n ** 64n - 1n)

const death = table(field('time', 'T', maximum), text('queue', 'x'), text('reason', 'rejected\0'))
const inconvertible = table(text('toString', 'x'), text('valueOf', 'x'))
const inconvertibleDeath = table(field('time', 'F', table(field('value', 'F', inconvertible))))
const letters: Record<string, readonly [RawProperties, string | Buffer]> = {
  'NUL in its id, type and reason': [
    { messageId: short('a\0b'), type: short('c\0d'), headers: table(text('reason', 'e\0f')) },
    '{"eventId":"\\u0000","x":"\\ud800"}',
  ],
  // More levels than JSON.stringify and amqplib can follow.
  'headers nested in many levels': [{ headers: nested('F', 8_000), type: short('x') }, '{}'],
  'a body nested in many levels': [{}, '['.repeat(50_000) + ']'.repeat(50_000)],
  'a body that is not UTF-8': [{}, Buffer.from([0xff, 0, 0xfe])],
  'headers of other types': [
    {
      timestamp: maximum,
      headers: table(
        field('first-failure', 'T', maximum),
        field('dead-lettered-at', 'F', table(text('!', 'bogus'))),
        field('attempt', 'l', maximum),
        text('replays', '[null,1,{"at":1},"x"]'),
        field('queue', 'x', long(Buffer.alloc(5))),
      ),
    },
    '',
  ],
  'a forged x-death': [
    { headers: table(field('x-death', 'A', long(Buffer.concat([Buffer.from('F'), death])))) },
    'null',
  ],
  'tables in the place of numbers, not convertible to one': [
    {
      headers: table(
        field('attempt', 'F', inconvertible),
        field('x-death', 'A', long(Buffer.concat([Buffer.from('F'), inconvertibleDeath]))),
      ),
    },
    '{}',
  ],
  'a failure of another form': [
    { headers: table(text('failure', '{"chain":["a\\u0000\\u001b"],"table":7,"where":{}}')) },
    '{}',
  ],
  'a message id with capitals': [{ messageId: short('Order-7A') }, '{}'],
  'a message id that is a UUID in capitals': [{ messageId: short('0B6F5E0A-6D5E-4C5B-9F0E-1A2B3C4D5E6F') }, '{}'],
  'a first failure that is not an instant': [
    {
      headers: table(
        text('first-failure', '2026-02-30T25:00:00Z'),
        text('dead-lettered-at', '+275760-09-13T00:00:00Z'),
      ),
    },
    '{}',
  ],
}

describe('saga dead-letters with a message that has', function () {
  this.timeout(120_000)
  const system = useOperatedSystem()

  for (const [name, [properties, body]] of Object.entries(letters)) {
    it(`${name} lists, shows, replays and discards it`, async () => {
      const model = await connect(String(system().environment['RABBITMQ_URL']))
      const channel = await model.createChannel()
      for (let n = 0; n < 2; n += 1)
        publishRaw(channel, system().dlqOf('payment'), properties, Buffer.from(body as string))
      await channel.checkQueue(system().dlqOf('payment'))
      await model.close()
      await system().untilDepth(system().dlqOf('payment'), 2)

      const { items } = await system().json('dead-letters', 'list')
      const id = String(items[0]?.['id'])
      assert.equal(items.length, 2)
      const { code, error } = await system().run(['dead-letters', 'show', id])
      // Progress is printed when it takes long.
      assert.deepEqual([code, error.replace(/^scanned .*\n/gm, '')], [0, ''])
      assert.equal((await system().json('dead-letters', 'show', id)).exitCode, 0)
      await system().untilDepth(system().dlqOf('payment'), 2)

      const replayed = await system().json('dead-letters', 'replay', id, '--limit', '1', '--reason', 'r'.repeat(3_000))
      assert.deepEqual([replayed.error, replayed.summary['replayed']], [null, 1])
      const [message] = await system().take(system().queueOf('payment'))
      assert.equal(message?.content.compare(Buffer.from(body as string)), 0)
      assert.equal((JSON.parse(String(message.properties.headers?.['replays'])) as unknown[]).length, 1)

      const discarded = await system().json('dead-letters', 'discard', id, '--reason', 'odd')
      assert.deepEqual([discarded.error, discarded.summary['discarded']], [null, 1])
      await system().untilDepth(system().dlqOf('payment'), 0)
      assert.equal((await system().json('acts')).items.length, 2)
    })
  }
})
