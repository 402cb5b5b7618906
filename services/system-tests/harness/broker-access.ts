import {
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  connect,
  type ConsumeMessage,
  type GetMessage,
} from 'amqplib'
import { deadLetterQueue, type Topology } from '@order-saga/chassis'

/** An event as it stands on the wire. */
export interface WireEvent {
  readonly eventId: string
  readonly sagaId: string
  readonly orderId: string
  readonly timestamp: string
  readonly payload: Record<string, unknown>
}

export interface Captured {
  readonly name: string
  readonly body: WireEvent
  readonly message: ConsumeMessage
}

/** A test's own way to the broker: it publishes what it likes, sees every event, and reads queues and dead letters. */
export class BrokerAccess {
  readonly #url: string
  readonly #topology: Topology
  #model: ChannelModel | undefined
  readonly captured: Captured[] = []

  constructor(url: string, topology: Topology) {
    this.#url = url
    this.#topology = topology
  }

  /** Publishes a body to the exchange, as an event of this name unless properties say otherwise. */
  async publish(name: string, body: unknown, properties: Record<string, unknown> = {}): Promise<void> {
    const content = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
    await this.#onChannel(async (channel) => {
      channel.publish(this.#topology.exchange, name, content, { persistent: true, type: name, ...properties })
      await channel.waitForConfirms()
    })
  }

  /** Publishes a body straight to a queue. */
  async send(queue: string, body: Buffer, properties: Record<string, unknown> = {}): Promise<void> {
    await this.#onChannel(async (channel) => {
      channel.sendToQueue(queue, body, { persistent: true, ...properties })
      await channel.waitForConfirms()
    })
  }

  /** From now on every event of the exchange is kept in `captured`. */
  async capture(): Promise<void> {
    const channel = await (await this.#connected()).createChannel()
    channel.on('error', () => undefined)
    const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true })
    await channel.bindQueue(queue, this.#topology.exchange, '#')
    await channel.consume(
      queue,
      (message) => {
        if (message === null) return
        const body = JSON.parse(message.content.toString('utf8')) as WireEvent
        this.captured.push({ name: message.fields.routingKey, body, message })
      },
      { noAck: true },
    )
  }

  /** Messages in every queue of the topology that has some. Unacknowledged ones are not counted by the broker here. */
  async depths(): Promise<Record<string, number>> {
    return await this.#onChannel(async (channel) => {
      const depths: Record<string, number> = {}
      for (const { name } of this.#topology.queues) {
        const { messageCount } = await channel.checkQueue(name)
        if (messageCount > 0) depths[name] = messageCount
      }
      return depths
    })
  }

  /** Takes all dead letters of a queue out of it. */
  async takeDeadLetters(queue: string): Promise<GetMessage[]> {
    return await this.takeAll(deadLetterQueue(queue))
  }

  /** Takes everything out of a queue. */
  async takeAll(queue: string): Promise<GetMessage[]> {
    return await this.#onChannel(async (channel) => {
      const messages: GetMessage[] = []
      for (;;) {
        const message = await channel.get(queue, { noAck: true })
        if (message === false) return messages
        messages.push(message)
      }
    })
  }

  async deleteTopology(): Promise<void> {
    await this.#onChannel(async (channel) => {
      for (const { name } of this.#topology.queues) await channel.deleteQueue(name)
      await channel.deleteExchange(this.#topology.exchange)
    })
  }

  async close(): Promise<void> {
    await this.#model?.close().catch(() => undefined)
    this.#model = undefined
  }

  async #connected(): Promise<ChannelModel> {
    if (this.#model !== undefined) return this.#model
    const model = await connect(this.#url)
    model.on('error', () => undefined)
    // A broker that was restarted is connected to anew by the next call.
    model.on('close', () => (this.#model = undefined))
    this.#model = model
    return model
  }

  async #onChannel<T>(work: (channel: ConfirmChannel & Channel) => Promise<T>): Promise<T> {
    const channel = await (await this.#connected()).createConfirmChannel()
    channel.on('error', () => undefined)
    try {
      return await work(channel)
    } finally {
      await channel.close().catch(() => undefined)
    }
  }
}
