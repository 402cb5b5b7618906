import type { Channel } from 'amqplib'
import { waitUntil } from '@order-saga/dev'
import type { TestBroker } from './broker.ts'
import { type CapturedEvent, capturedEvent } from './captured-event.ts'

/** Captures all messages of the exchange by a queue of the test. */
export class Capture {
  readonly events: CapturedEvent[] = []
  readonly #channel: Channel
  readonly #queue: string

  private constructor(channel: Channel, queue: string) {
    this.#channel = channel
    this.#queue = queue
  }

  static async start(broker: TestBroker): Promise<Capture> {
    const channel = await broker.channel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    await channel.bindQueue(queue, broker.exchange, '#')
    const capture = new Capture(channel, queue)
    await channel.consume(queue, (message) => message && capture.events.push(capturedEvent(message)), { noAck: true })
    return capture
  }

  of(orderId: string, name?: string): CapturedEvent[] {
    return this.events.filter((event) => event.orderId === orderId && (name ?? event.name) === event.name)
  }

  /** The order's first event of this name, once it has arrived. */
  async next(orderId: string, name: string, limitMs = 10_000): Promise<CapturedEvent> {
    return await waitUntil(() => this.of(orderId, name)[0], {
      what: `${name} of order ${orderId}`,
      limitMs,
      intervalMs: 10,
      state: () =>
        `Seen of it: ${this.of(orderId)
          .map((event) => event.name)
          .join(', ')}.`,
    })
  }

  async stop(): Promise<void> {
    await this.#channel.deleteQueue(this.#queue)
  }
}
