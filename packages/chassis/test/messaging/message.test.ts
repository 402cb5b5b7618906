import assert from 'node:assert/strict'
import { PaymentRefundRequested, PaymentRefunded } from '@order-saga/contracts'
import type { ConsumeMessage } from 'amqplib'
import * as fc from 'fast-check'
import { decode as decodeAs, encode, type Message, propertiesOf } from '../../src/messaging/message.ts'
import { arrivalOf, provenanceOf } from '../../src/messaging/provenance.ts'
import { PoisonMessage } from '../../src/core/errors.ts'
import { delivered, outgoing } from '../support/deliveries.ts'

const known = new Map([PaymentRefundRequested, PaymentRefunded].map((type) => [type.name as string, type]))

const decode = (delivery: ConsumeMessage, events = known): Message =>
  decodeAs(delivery, provenanceOf(arrivalOf(delivery), 'payment_queue').name, events)

const body = (value: unknown): { content: Buffer } => ({ content: Buffer.from(JSON.stringify(value)) })

describe('an encoded event', () => {
  it('is the envelope of the contract', () => {
    const event = outgoing({ createdAt: new Date('2026-01-02T03:04:05.678Z') })
    const { eventId, sagaId, orderId } = event
    assert.deepEqual(JSON.parse(encode(event).toString('utf8')), {
      eventId,
      sagaId,
      orderId,
      timestamp: '2026-01-02T03:04:05.678Z',
      payload: { reason: 'no stock' },
    })
  })

  it('has the AMQP properties of the contract', () => {
    const causationId = '019b0000-0000-7000-8000-000000000001'
    const event = outgoing({
      createdAt: new Date(1_700_000_000_999),
      causationId,
      traceparent: '00-1-2-01',
      version: 3,
    })
    assert.deepEqual(propertiesOf(event), {
      messageId: event.eventId,
      correlationId: event.sagaId,
      type: 'payment.refund.requested',
      contentType: 'application/json',
      timestamp: 1_700_000_000,
      persistent: true,
      mandatory: true,
      headers: { 'schema-version': 3, 'causation-id': causationId, traceparent: '00-1-2-01' },
    })
    assert.deepEqual(propertiesOf(outgoing()).headers, { 'schema-version': 1 })
  })

  it('is the same event after encoding and decoding, for any text', () => {
    const instant = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 1, max: 0xd7ff }).map((code) => String.fromCodePoint(code)) }),
        fc.uuid(),
        instant,
        (reason, eventId, createdAt) => {
          const event = outgoing({ eventId, createdAt, payload: JSON.stringify({ reason }) })
          assert.deepEqual(decode(delivered(event)), {
            name: event.name,
            eventId: event.eventId,
            sagaId: event.sagaId,
            orderId: event.orderId,
            timestamp: createdAt,
            payload: { reason },
            attempt: 1,
            redelivered: false,
            deliveryCount: 0,
            traceparent: undefined,
          })
        },
      ),
    )
  })

  it('is identified by the property type, and by the routing key only without it', () => {
    const event = outgoing()
    const retried = { fields: { routingKey: 'payment_queue' } }
    assert.equal(decode(delivered(event, retried)).name, 'payment.refund.requested')
    for (const type of [undefined, '']) {
      assert.equal(decode(delivered(event, { properties: { type } })).name, 'payment.refund.requested')
    }
  })

  it('has ids in lower case, as the database returns them', () => {
    const id = '019B0000-0000-7000-8000-00000000ABCD'
    const { eventId, sagaId, orderId } = decode(delivered(outgoing({ eventId: id, sagaId: id, orderId: id })))
    assert.deepEqual([eventId, sagaId, orderId], Array(3).fill(id.toLowerCase()))
  })

  it('has its attempt, redelivered flag and delivery count', () => {
    const headers = { attempt: 3, 'x-delivery-count': 2, traceparent: '00-1-2-01' }
    const { attempt, redelivered, deliveryCount, traceparent } = decode(
      delivered(outgoing(), { properties: { headers }, fields: { redelivered: true } }),
    )
    assert.deepEqual(
      { attempt, redelivered, deliveryCount, traceparent },
      {
        attempt: 3,
        redelivered: true,
        deliveryCount: 2,
        traceparent: '00-1-2-01',
      },
    )
    for (const invalid of ['x', 0, -1, 1.5, null, { toString: 'x', valueOf: 'x' }]) {
      const odd = delivered(outgoing(), { properties: { headers: { attempt: invalid, 'x-delivery-count': invalid } } })
      assert.equal(decode(odd).attempt, 1)
    }
  })

  it('is read without headers', () => {
    assert.equal(decode(delivered(outgoing(), { properties: { headers: undefined } })).attempt, 1)
  })

  describe('is poison when', () => {
    const event = outgoing()
    const whole = JSON.parse(encode(event).toString('utf8')) as Record<string, unknown>
    const { sagaId: _, ...withoutSaga } = whole
    const cases: Record<string, readonly [Parameters<typeof delivered>[1], string]> = {
      'its type is unknown': [{ properties: { type: 'order.eaten' } }, 'unknown event: order.eaten'],
      ...Object.fromEntries(
        [1e300, 1.5, '1.5', '1e3', `${'0'.repeat(63)}2`].map((version) => [
          `its version may be newer, and is ${version}`,
          [{ properties: { headers: { 'schema-version': version } } }, 'malformed header: schema-version'] as const,
        ]),
      ),
      'its body is not valid JSON': [
        { content: Buffer.from('{"eventId":') },
        'malformed envelope: the body is not well-formed JSON',
      ],
      'its body is empty': [{ content: Buffer.alloc(0) }, 'malformed envelope: the body must be JSON, and is empty'],
      'its body is not UTF-8': [
        { content: Buffer.from(encode(event).toString('utf8').replace('"reason":"', '"reason":"\u00e4'), 'latin1') },
        'malformed envelope: the body must be JSON in UTF-8',
      ],
      'a field is given twice': [
        { content: Buffer.from(encode(event).toString('utf8').replace('"reason":', '"reason":"other","reason":')) },
        'malformed envelope: payload.reason must be given once',
      ],
      'a number is rounded when it is read': [
        {
          content: Buffer.from(
            encode(event).toString('utf8').replace('"reason":', '"n":1.0000000000000000001,"reason":'),
          ),
        },
        'malformed envelope: payload.n must be within the range and the precision of a double (IEEE 754)',
      ],
      'its body is not an object': [body([]), 'malformed envelope: (body) must be object'],
      'its body is null': [body(null), 'malformed envelope: (body) must be object'],
      'an id is missing': [body(withoutSaga), 'malformed envelope: sagaId is required'],
      'an id is not a UUID': [body({ ...whole, orderId: '7' }), 'malformed envelope: orderId must be a UUID'],
      'its timestamp is not a valid instant': [
        body({ ...whole, timestamp: 'yesterday' }),
        'malformed envelope: timestamp must be an instant of RFC 3339 with its offset',
      ],
      'its timestamp is not a valid date': [
        body({ ...whole, timestamp: '2026-13-01T00:00:00Z' }),
        'malformed envelope: timestamp must be an instant of RFC 3339 with its offset',
      ],
      'its payload is missing': [body({ ...whole, payload: undefined }), 'malformed envelope: payload is required'],
      'its payload is a list': [body({ ...whole, payload: [] }), 'malformed envelope: payload must be object'],
      'its payload lacks a field': [body({ ...whole, payload: {} }), 'malformed payload: reason is required'],
      'a field of its payload has another type': [
        body({ ...whole, payload: { reason: 7 } }),
        'malformed payload: reason must be a text of at most 1000 characters without NUL',
      ],
    }
    for (const [name, [change, reason]] of Object.entries(cases)) {
      it(name, () => {
        assert.throws(() => decode(delivered(event, change)), new PoisonMessage(reason))
      })
    }
  })

  it('of a newer version is read if it names a version that this consumer reads', () => {
    const event = outgoing({ version: 7, oldestReader: 1 })
    assert.deepEqual(propertiesOf(event).headers, { 'schema-version': 7, 'oldest-reader': 1 })
    const headers = propertiesOf(event).headers as Record<string, unknown>
    assert.equal(decode(delivered(event, { properties: { headers } })).name, event.name)
    for (const oldestReader of [2, 7]) {
      const newer = { properties: { headers: { ...headers, 'oldest-reader': oldestReader } } }
      assert.throws(() => decode(delivered(event, newer)), /^UnreadableVersion: unknown version 7/)
    }
    for (const text of ['2', '7']) {
      const asText = { properties: { headers: { 'schema-version': '7', 'oldest-reader': text } } }
      assert.throws(() => decode(delivered(event, asText)), /^UnreadableVersion: unknown version 7/)
    }
    assert.equal(
      decode(delivered(event, { properties: { headers: { 'schema-version': '7', 'oldest-reader': '1' } } })).attempt,
      1,
    )
    for (const odd of ['x', '', 0, -1, 0.5, null, {}]) {
      const malformed = { properties: { headers: { ...headers, 'oldest-reader': odd } } }
      assert.throws(() => decode(delivered(event, malformed)), /^UnreadableVersion: unknown version 7/)
    }
  })

  it('may have fields unknown to this consumer', () => {
    const event = outgoing({ payload: '{"reason":"x","added":"later"}' })
    assert.deepEqual(decode(delivered(event)).payload, { reason: 'x', added: 'later' })
  })
})
