import assert from 'node:assert/strict'
import { forgeryIn, provenanceOf, refuseForgery } from '../../src/messaging/provenance.ts'
import { ForgedMessage } from '../../src/core/errors.ts'

const queue = 'order_queue'
const consumed = new Set(['payment.completed', 'inventory.reserved'])
const topic = { exchange: 'order.topic', routingKey: 'inventory.reserved', headers: {}, type: 'inventory.reserved' }
const header = (value: unknown) => ({ 'first-routing-key': value })
const kindOf = (arrival: Parameters<typeof provenanceOf>[0]): string | undefined =>
  forgeryIn(provenanceOf(arrival, queue), consumed)?.kind

describe('the provenance of a delivery', () => {
  it('from the topic exchange is its routing key, with any header', () => {
    for (const headers of [{}, header('payment.completed'), header(null)]) {
      assert.deepEqual(provenanceOf({ ...topic, headers }, queue), {
        name: 'inventory.reserved',
        firstRoutingKey: 'inventory.reserved',
      })
    }
    for (const type of [undefined, '', 7, {}]) {
      assert.equal(provenanceOf({ ...topic, type }, queue).name, 'inventory.reserved')
    }
  })

  for (const exchange of ['', 'order_queue.direct']) {
    it(`from ${exchange || 'the default exchange'} is the header of the consumer that moved it`, () => {
      const moved = { exchange, routingKey: queue, headers: header('inventory.reserved'), type: undefined }
      assert.deepEqual(provenanceOf(moved, queue), {
        name: 'inventory.reserved',
        firstRoutingKey: 'inventory.reserved',
      })
      assert.equal(kindOf(moved), undefined)
      assert.equal(kindOf({ ...moved, type: 'inventory.reserved' }), undefined)
      assert.equal(kindOf({ ...moved, type: 'payment.completed' }), 'type')
    })

    it(`from ${exchange || 'the default exchange'} without the header is the type: the previous release moved it`, () => {
      for (const headers of [{}, header(''), header(7), header({ toString: 'x' })]) {
        const moved = { exchange, routingKey: queue, headers, type: 'payment.completed' }
        assert.deepEqual(provenanceOf(moved, queue), { name: 'payment.completed', firstRoutingKey: undefined })
        assert.equal(kindOf(moved), undefined)
      }
    })
  }

  for (const exchange of ['order.topic', 'payment_queue.direct', 'amq.topic']) {
    it(`from ${exchange} is forged when type and routing key differ, with any header`, () => {
      for (const headers of [{}, header('payment.completed'), header('inventory.reserved')]) {
        assert.equal(kindOf({ ...topic, exchange, headers, type: 'payment.completed' }), 'type')
        assert.equal(kindOf({ ...topic, exchange, headers, type: 'no.event' }), 'type')
      }
    })
  }

  it('is forged when the service does not consume the event of the routing key, as of a copy by CC or BCC', () => {
    const copy = { ...topic, routingKey: 'order.created', type: 'order.created' }
    assert.equal(kindOf(copy), 'binding')
    assert.equal(kindOf({ ...copy, type: undefined }), 'binding')
  })

  it('is merely unknown when no release of the catalogue has the event', () => {
    assert.equal(kindOf({ ...topic, routingKey: 'order.archived', type: 'order.archived' }), undefined)
  })

  it('is reported in a stable reason, which bounds what the sender wrote', () => {
    const refuse = (type: string): void => refuseForgery(provenanceOf({ ...topic, type }, queue), consumed)
    assert.throws(
      () => refuse('payment.completed'),
      new ForgedMessage(
        'type',
        'forged: the type "payment.completed" was published with the routing key "inventory.reserved"',
      ),
    )
    assert.throws(
      () => refuse('\u0000\n'.repeat(120)),
      ({ message }: Error) => message.length < 500 && !/\n/.test(message),
    )
  })
})
