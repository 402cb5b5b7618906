// needs: broker
import assert from 'node:assert/strict'
import { deadLetterQueue, secondaryQueue } from '@order-saga/contracts'
import { testServers, waitUntil } from '@order-saga/dev'
import type { GetMessage } from 'amqplib'
import { DiversionRequired } from '../../src/core/errors.ts'
import { encode } from '../../src/messaging/message.ts'
import { BrokerForTest } from '../support/broker-for-test.ts'
import { outgoing } from '../support/deliveries.ts'
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
import { turn } from '../support/turn.ts'

const double = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes
}
const invalidUtf8 = short(Buffer.alloc(255, 0xff))
const maximum = 2n ** 64n - 1n

const headers: Record<string, Buffer> = {
  'a text that fills a frame': table(text('f', 'x'.repeat(130_000))),
  'a text that fills the encoding buffer of amqplib': table(text('f', 'x'.repeat(65_400))),
  'texts of many kilobytes with the names of ours': table(
    ...['reason', 'replays', 'first-failure', 'traceparent', 'causation-id'].map((name) =>
      text(name, 'x'.repeat(9_000)),
    ),
  ),
  'the type notation of amqplib': table(
    field('x', 'F', table(text('!', 'bogus'), field('value', 'I', Buffer.alloc(4)))),
  ),
  'types of amqplib with values out of range': table(
    field('x', 'F', table(text('!', 'decimal'))),
    field('y', 'F', table(text('!', 'timestamp'), text('value', 'now'))),
  ),
  'tables in many levels': table(field('x', 'F', nested('F', 8_000))),
  'arrays in many levels': table(field('x', 'A', nested('A', 8_000))),
  'void, decimal, byte array, integer and timestamp': table(
    field('attempt', 'V', Buffer.alloc(0)),
    field('decimal', 'D', Buffer.of(255, 255, 255, 255, 255)),
    field('bytes', 'x', long(Buffer.alloc(9))),
    field('long', 'l', uint64(2n ** 63n)),
    field('first-failure', 'T', uint64(maximum)),
  ),
  'a number below the integers': table(
    field('attempt', 'd', double(-1e300)),
    field('schema-version', 'd', double(-1e300)),
  ),
  'an attempt of 2^62': table(field('attempt', 'l', uint64(2n ** 62n))),
  'an attempt that is a table': table(field('attempt', 'F', table(text('!', 'int'), text('value', '3')))),
  'a table in the place of a number, not convertible to one': table(
    ...['attempt', 'schema-version', 'x-delivery-count'].map((name) =>
      field(name, 'F', table(text('toString', 'x'), text('valueOf', 'x'))),
    ),
  ),
  'the name of a prototype': table(field('__proto__', 'F', table(text('attempt', 'x'))), text('constructor', 'x')),
  'the longest names': table(...[1, 2, 3, 4, 5, 6].map((n) => text(String(n).repeat(255), 'x'))),
  'invalid UTF-8': table(
    text('reason', Buffer.alloc(400, 0xff)),
    field('traceparent', 'S', long(Buffer.alloc(255, 0xff))),
  ),
  'an x-death that is a text': table(text('x-death', 'x'), text('x-first-death-queue', 'x')),
  'an empty table': table(),
}

const properties: Record<string, RawProperties> = {
  'the latest timestamp': { timestamp: uint64(maximum) },
  'a timestamp over 2^53': { timestamp: uint64(2n ** 53n + 2n) },
  'texts that are not UTF-8': {
    messageId: invalidUtf8,
    correlationId: invalidUtf8,
    contentType: invalidUtf8,
    contentEncoding: invalidUtf8,
    replyTo: invalidUtf8,
    appId: invalidUtf8,
  },
  'a type that is not UTF-8': { type: invalidUtf8 },
  'an expiration': { expiration: short('600000') },
  'no durability and the highest priority': { deliveryMode: Buffer.of(1), priority: Buffer.of(255) },
  'no properties': {},
}

describe('a delivery with', function () {
  this.timeout(60_000)
  let own: BrokerForTest
  let reaction: () => Error
  let user: string

  before(async function () {
    this.timeout(120_000)
    await testServers().rabbitMq()
    own = await BrokerForTest.create({ secondaryQueues: ['slow'], retryDelaysMs: [10] })
    user = new URL(own.url).username
    const [consuming, diverted, publishing] = [own.open(), own.open(), own.open()]
    const publisher = own.publisher(publishing)
    const react = async (): Promise<'processed'> => {
      await turn()
      throw reaction()
    }
    own.consumer(consuming, publisher, react)
    own.consumer(diverted, publisher, () => Promise.reject(new Error('fails')), {
      from: secondaryQueue(own.queue, 'slow'),
    })
    await waitUntil(() => consuming.isReady && diverted.isReady && publisher.isAvailable, {
      what: 'ready',
      limitMs: 20_000,
    })
  })

  after(async () => own?.drop())

  /** The dead letter of the delivery. */
  async function deadLetterOf(raw: RawProperties, content: Buffer): Promise<GetMessage> {
    const lost = (): unknown[] => own.lines.filter(({ msg }) => /lost|failed, re|closing/.test(msg))
    await own.useUnconfirmed(async (channel) => {
      publishRaw(channel, own.queue, raw, content)
      await channel.checkQueue(own.queue)
    })
    const dead = await waitUntil(() => own.take(deadLetterQueue(own.queue)), {
      what: 'the dead letter',
      limitMs: 20_000,
      intervalMs: 10,
      state: () => own.lines.slice(-5),
    })
    assert.deepEqual(lost(), [])
    assert.equal(dead.content.compare(content), 0)
    return dead
  }

  const causes: Record<string, RawProperties> = {
    ...properties,
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [`headers: ${name}`, { headers: value }])),
  }
  for (const [name, raw] of Object.entries(causes)) {
    it(`${name}, is dead-lettered whether it is unknown, fails, or is diverted first`, async () => {
      reaction = () => new Error('fails')
      const unknown = await deadLetterOf({ type: short('no.such.event'), ...raw }, Buffer.from('{}'))
      assert.match(String(unknown.properties.headers?.['reason']), /^unknown event: /)
      const event = outgoing()
      const known = { type: short(event.name), ...raw }
      const failed = await deadLetterOf(known, encode(event))
      assert.match(String(failed.properties.headers?.['reason']), /^(fails|unknown event|unknown version)/)
      reaction = () => new DiversionRequired(secondaryQueue(own.queue, 'slow'))
      await deadLetterOf(known, encode(outgoing()))
    })
  }

  it('properties that the broker would obey or refuse, is dead-lettered without them, and its reason says so', async () => {
    const { properties: sent } = await deadLetterOf(
      {
        headers: table(field('CC', 'A', long(Buffer.from('S\0\0\0\u0001x'))), text('mine', 'x')),
        expiration: short('600000'),
        userId: short(user),
        type: short('no.such.event'),
      },
      Buffer.from('{}'),
    )
    assert.deepEqual(
      [sent.expiration, sent.userId, sent.headers?.['CC'], sent.headers?.['mine']],
      Array(4).fill(undefined),
    )
    assert.equal(
      sent.headers?.['reason'],
      'unknown event: no.such.event (not forwarded: header "CC", header "mine", property expiration, property userId)',
    )
  })

  const bodies: Record<string, Buffer> = {
    'no body': Buffer.alloc(0),
    'a body of 5 MB': Buffer.alloc(5_000_000, 0x20),
    'a body that is not UTF-8': Buffer.alloc(300, 0xff),
    'a body nested in a million levels': Buffer.from('['.repeat(1_000_000) + ']'.repeat(1_000_000)),
  }
  for (const [name, content] of Object.entries(bodies)) {
    it(`${name} is dead-lettered`, async () => {
      const { properties: sent } = await deadLetterOf({ type: short(outgoing().name) }, content)
      assert.match(String(sent.headers?.['reason']), /^malformed envelope: /)
    })
  }
})
