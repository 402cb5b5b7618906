import { randomBytes } from 'node:crypto'
import {
  type EventType,
  PaymentRefunded,
  PaymentRefundRequested,
  type Topology,
  topologyOf,
} from '@order-saga/contracts'
import { testServers } from '@order-saga/dev'
import { type Channel, type ChannelModel, connect, type ConfirmChannel, type GetMessage, type Options } from 'amqplib'
import { Broker, type BrokerOptions } from '../../src/messaging/broker.ts'
import { close, closeConnection } from '../../src/messaging/close.ts'
import { Consumer, type ConsumerDependencies, type Subscription } from '../../src/messaging/consumer.ts'
import { encode, type OutgoingEvent, propertiesOf } from '../../src/messaging/message.ts'
import { Publisher } from '../../src/messaging/publisher.ts'
import { declareTopology } from '../../src/messaging/topology.ts'
import { createMetrics } from '../../src/core/metrics.ts'
import { type LogLine, recordedLog } from './recorded-log.ts'

interface BrokerForTestOptions {
  readonly events?: readonly EventType[]
  readonly secondaryQueues?: readonly string[]
  readonly retryDelaysMs?: readonly number[]
  readonly deliveryLimit?: number
}

/**
 * An exchange and a queue with random names on the tests' broker. `drop` closes the connections opened here and deletes
 * both.
 */
export class BrokerForTest {
  readonly url: string
  readonly exchange: string
  readonly queue: string
  readonly events: readonly EventType[]
  readonly retryDelaysMs: readonly number[]
  readonly topology: Topology
  readonly lines: LogLine[] = []
  readonly metrics = createMetrics()
  readonly #opened: { close(): Promise<void> }[] = []
  #own: Promise<ChannelModel> | undefined
  #failure: Error | undefined

  private constructor(url: string, options: BrokerForTestOptions) {
    const name = `chassis-${randomBytes(4).toString('hex')}`
    this.url = url
    this.exchange = `${name}.topic`
    this.queue = `${name}_queue`
    this.events = options.events ?? [PaymentRefundRequested, PaymentRefunded]
    this.retryDelaysMs = options.retryDelaysMs ?? [50, 100]
    const { events, queue } = this
    const own = { service: 'payment' as const, queue, events, secondaryQueues: options.secondaryQueues ?? [] }
    const topology = topologyOf({ exchange: this.exchange, queues: [own], retryDelaysMs: this.retryDelaysMs })
    this.topology =
      options.deliveryLimit === undefined ? topology : withDeliveryLimit(topology, this.queue, options.deliveryLimit)
  }

  static async create(options: BrokerForTestOptions = {}): Promise<BrokerForTest> {
    const server = await testServers().rabbitMq()
    return new BrokerForTest(server.url, options)
  }

  /** Starts a connection, which `drop` closes. */
  open(more: Partial<BrokerOptions> = {}): Broker {
    const broker = new Broker({
      url: this.url,
      name: 'chassis test',
      topology: this.topology,
      mode: 'declare',
      log: recordedLog(this.lines).log,
      onFatal: (error) => this.lines.push({ level: 'fatal', msg: error.message }),
      ...more,
    })
    this.#opened.push(broker)
    broker.start()
    return broker
  }

  publisher(broker: Broker, confirmLimitMs?: number): Publisher {
    return new Publisher(broker, recordedLog(this.lines).log, confirmLimitMs)
  }

  consumer(
    broker: Broker,
    publisher: Publisher,
    react: Subscription['react'],
    {
      prefetch = 50,
      from,
      events = this.events,
      ...more
    }: Partial<Pick<Subscription, 'prefetch' | 'from' | 'events'> & ConsumerDependencies> = {},
  ): Consumer {
    const { queue, retryDelaysMs, metrics } = this
    const subscription = { queue, events, retryDelaysMs, prefetch, react, ...(from === undefined ? {} : { from }) }
    return new Consumer(subscription, { broker, publisher, metrics, log: recordedLog(this.lines).log, ...more })
  }

  async declare(): Promise<void> {
    await this.use((channel) => declareTopology(channel, this.topology))
  }

  /** Runs the work on a channel of a connection that the code under test does not use. */
  async use<T>(work: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
    return await this.#run(async (model) => await model.createConfirmChannel(), work)
  }

  /** The same on a channel without confirms. */
  async useUnconfirmed<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    return await this.#run(async (model) => await model.createChannel(), work)
  }

  async #run<C extends Channel, T>(
    open: (model: ChannelModel) => Promise<C>,
    work: (channel: C) => Promise<T>,
  ): Promise<T> {
    try {
      const channel = await open(await (this.#own ??= this.#connect()))
      channel.on('error', () => undefined)
      try {
        return await work(channel)
      } finally {
        await close(channel)
      }
    } catch (error) {
      // amqplib rejects what was pending without the reason for which the broker closed the connection.
      throw this.#failure === undefined ? error : new Error(this.#failure.message, { cause: error })
    }
  }

  async #connect(): Promise<ChannelModel> {
    try {
      const model = await connect(this.url)
      this.#failure = undefined
      model.on('error', (error: Error) => (this.#failure = error))
      model.on('close', () => (this.#own = undefined))
      return model
    } catch (error) {
      this.#own = undefined
      throw error
    }
  }

  /** Publishes events like the relay and waits for the confirms. */
  async send(events: readonly OutgoingEvent[], more: Options.Publish = {}): Promise<void> {
    await this.use(async (channel) => {
      for (const event of events) {
        channel.publish(this.exchange, event.name, encode(event), { ...propertiesOf(event), ...more })
      }
      await channel.waitForConfirms()
    })
  }

  /** Number of ready messages; undefined when the queue does not exist. */
  async ready(queue = this.queue): Promise<number | undefined> {
    try {
      return await this.use(async (channel) => (await channel.checkQueue(queue)).messageCount)
    } catch {
      return undefined
    }
  }

  /** Number of consumers of the queue. */
  async consumers(queue = this.queue): Promise<number> {
    return await this.use(async (channel) => (await channel.checkQueue(queue)).consumerCount)
  }

  /** Consumes the next message, without an ack. */
  async take(queue = this.queue): Promise<GetMessage | undefined> {
    return await this.use(async (channel) => (await channel.get(queue, { noAck: true })) || undefined)
  }

  /** Closes the connections opened here. */
  async close(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((one) => one.close()))
  }

  async drop(): Promise<void> {
    await this.close()
    await this.use(async (channel) => {
      for (const { name } of this.topology.queues) await channel.deleteQueue(name)
      for (const { name } of this.topology.exchanges) await channel.deleteExchange(name)
    })
    const model = await this.#own
    if (model !== undefined) await closeConnection(model)
  }
}

function withDeliveryLimit(topology: Topology, queue: string, deliveryLimit: number): Topology {
  const queues = topology.queues.map((one) =>
    one.name === queue ? { ...one, arguments: { ...one.arguments, 'x-delivery-limit': deliveryLimit } } : one,
  )
  return { ...topology, queues }
}
