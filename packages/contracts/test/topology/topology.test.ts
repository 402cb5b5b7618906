import assert from 'node:assert/strict'
import { serviceQueues } from '../../src/queues.ts'
import { deadLetterQueue, ownExchange, retryQueue, secondaryQueue } from '../../src/topology/names.ts'
import { topologyOf, workQueuesOf } from '../../src/topology/topology.ts'

const queues = serviceQueues({
  orderQueue: 'order_queue',
  paymentQueue: 'payment_queue',
  inventoryQueue: 'inventory_queue',
  notificationQueue: 'notification_queue',
})
const topology = topologyOf({ exchange: 'order.topic', queues, retryDelaysMs: [1_000, 5_000] })
const payment = ['payment_queue', 'payment_queue.charges', 'payment_queue.retry.1000', 'payment_queue.retry.5000']

describe('the topology', () => {
  it('derives all names from that of the queue', () => {
    assert.deepEqual(
      [deadLetterQueue('q'), retryQueue('q', 1_000), secondaryQueue('q', 'charges'), ownExchange('q')],
      ['q.dlq', 'q.retry.1000', 'q.charges', 'q.direct'],
    )
    assert.deepEqual(workQueuesOf({ service: 'payment', queue: 'q', secondaryQueues: ['charges'] }), ['q', 'q.charges'])
  })

  it('has the topic exchange and a direct exchange per service', () => {
    assert.deepEqual(topology.exchanges, [
      { name: 'order.topic', type: 'topic' },
      { name: 'order_queue.direct', type: 'direct' },
      { name: 'payment_queue.direct', type: 'direct' },
      { name: 'inventory_queue.direct', type: 'direct' },
      { name: 'notification_queue.direct', type: 'direct' },
    ])
  })

  it('binds each queue to the direct exchange of its service, by its name, and to no other', () => {
    const direct = topology.bindings.filter(({ exchange }) => exchange !== 'order.topic')
    assert.deepEqual(
      direct.filter(({ exchange }) => exchange === 'payment_queue.direct').map(({ queue }) => queue),
      ['payment_queue.dlq', ...payment],
    )
    assert.deepEqual(
      direct.map(({ queue }) => queue),
      topology.queues.map(({ name }) => name),
    )
    for (const { exchange, queue, routingKey } of direct) {
      assert.equal(routingKey, queue)
      assert.ok(queue.startsWith(exchange.replace(/\.direct$/, '')))
    }
  })

  it('binds the main queue alone to the events that its service consumes', () => {
    assert.deepEqual(
      topology.bindings.filter(({ exchange }) => exchange === 'order.topic').map((b) => `${b.routingKey} ${b.queue}`),
      queues.flatMap(({ queue, events }) => events.map(({ name }) => `${name} ${queue}`)),
    )
  })

  it('leaves the dead-lettering of the broker to the default exchange', () => {
    const argumentsOf = new Map(topology.queues.map((queue) => [queue.name, queue.arguments]))
    const deadLetters = { 'x-dead-letter-strategy': 'at-least-once', 'x-overflow': 'reject-publish' }
    for (const name of payment) {
      const isRetry = name.includes('.retry.')
      assert.deepEqual(argumentsOf.get(name), {
        'x-queue-type': 'quorum',
        ...(isRetry ? { 'x-message-ttl': Number(name.split('.').at(-1)) } : { 'x-delivery-limit': 100 }),
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': isRetry ? 'payment_queue' : 'payment_queue.dlq',
        ...deadLetters,
      })
    }
    assert.deepEqual(argumentsOf.get('payment_queue.dlq'), { 'x-queue-type': 'quorum', 'x-delivery-limit': 1_000_000 })
  })
})
