import { setTimeout as pause } from 'node:timers/promises'
import { type ConsumeMessage, connect } from 'amqplib'
import type { TestBroker } from '@order-saga/tests/support/broker'

/** Queues per event of a confirmed order: four events, six deliveries, as in the saga. */
const bindings = {
  'order.created': ['payment'],
  'payment.completed': ['order', 'inventory'],
  'inventory.reserved': ['order'],
  'order.confirmed': ['inventory', 'notification'],
} as const
const queues = ['order', 'payment', 'inventory', 'notification'] as const
/** The approximate size of an event. */
const body = Buffer.alloc(450, 'x')
const unconfirmedSagas = 250
const warmUpMs = 2_000

/**
 * Measures the throughput of RabbitMQ alone: one process publishes the messages of confirmed orders to quorum queues with
 * confirms, and consumes and acknowledges them without further work.
 * @returns sagas per second
 */
export async function measureBareMessages(broker: TestBroker, seconds: number): Promise<number> {
  const connection = await connect(broker.server.url)
  const publishing = await connection.createConfirmChannel()
  const consuming = await connection.createChannel()
  const exchange = `${broker.exchange}_bare`
  const nameOf = (queue: string): string => `${exchange}_${queue}`
  await consuming.assertExchange(exchange, 'topic', { durable: true })
  for (const queue of queues) {
    await consuming.assertQueue(nameOf(queue), { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  }
  for (const [event, reached] of Object.entries(bindings)) {
    for (const queue of reached) await consuming.bindQueue(nameOf(queue), exchange, event)
  }

  let confirmed = 0
  let delivered = 0
  let last: ConsumeMessage | undefined
  await consuming.prefetch(200)
  for (const queue of queues) {
    await consuming.consume(nameOf(queue), (message) => {
      if (message === null) return
      delivered += 1
      // One ack for all deliveries of this turn of the event loop, similar to the services.
      if (last === undefined) {
        setImmediate(() => {
          if (last !== undefined) consuming.ack(last, true)
          last = undefined
        })
      }
      last = message
    })
  }
  const stop = new AbortController()
  const publishSagas = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      for (const event of Object.keys(bindings)) {
        await new Promise<void>((resolve, reject) => {
          publishing.publish(exchange, event, body, { persistent: true, mandatory: true }, (error: unknown) => {
            if (error === null || error === undefined) resolve()
            else reject(error instanceof Error ? error : new Error('refused'))
          })
        })
      }
      confirmed += 1
    }
  }
  const running = Promise.all(Array.from({ length: unconfirmedSagas }, publishSagas))
  try {
    await Promise.race([running, pause(warmUpMs)])
    const [sagasBefore, deliveredBefore] = [confirmed, delivered]
    const begun = performance.now()
    await Promise.race([running, pause(seconds * 1_000)])
    const tookS = (performance.now() - begun) / 1_000
    // The slower side counts: a confirmed message may still be in its queue.
    return Math.min(confirmed - sagasBefore, (delivered - deliveredBefore) / 6) / tookS
  } finally {
    stop.abort()
    await running
    for (const queue of queues) await consuming.deleteQueue(nameOf(queue))
    await consuming.deleteExchange(exchange)
    await publishing.close()
    await connection.close()
  }
}
