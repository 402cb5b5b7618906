import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type BrokerUser,
  type Definitions,
  definitionsOf,
  secondaryQueuesOf,
  type QueueNames,
  type ServiceName,
  processUsers,
  serviceQueues,
  services,
  deadLetterQueue,
  ownExchange,
  secondaryQueue,
  retryQueue,
  topologyOf,
  type TopologyPlan,
} from '@order-saga/contracts'
import { type RabbitMqServer, testServers } from '@order-saga/dev'
import { type ChannelModel, type ConfirmChannel, connect, type GetMessage, type Options } from 'amqplib'

export const retryDelaysMs = [100, 200, 300]

export interface RawMessage {
  readonly content: Buffer | string
  readonly options?: Options.Publish
}

/** The exchange and queues of one system, and a connection of the test's own, reopened after the broker was unavailable. */
export class TestBroker {
  readonly server: RabbitMqServer
  readonly exchange: string
  readonly queues: QueueNames
  #separateUsers = false
  #connected: Promise<{ model: ChannelModel; channel: ConfirmChannel }> | undefined

  private constructor(server: RabbitMqServer, suffix: string) {
    this.server = server
    this.exchange = `order_${suffix}`
    this.queues = {
      orderQueue: `order_queue_${suffix}`,
      paymentQueue: `payment_queue_${suffix}`,
      inventoryQueue: `inventory_queue_${suffix}`,
      notificationQueue: `notification_queue_${suffix}`,
    }
  }

  static async create(suffix: string): Promise<TestBroker> {
    return new TestBroker(await testServers().rabbitMq(), suffix)
  }

  get plan(): TopologyPlan {
    return { exchange: this.exchange, queues: serviceQueues(this.queues), retryDelaysMs }
  }

  /** The definitions of this system, with a user for each service, as the chart and make up have them. */
  definitions(): Definitions {
    const users = [...processUsers, 'monitoring'] as const
    return definitionsOf({
      plan: this.plan,
      vhost: '/',
      admin: { name: 'admin', password: this.passwordOf('admin') },
      passwords: Object.fromEntries(users.map((user) => [user, this.passwordOf(user)])),
    })
  }

  /** Loads definitions with a user for each service, for which `urlOf` returns the URL then. */
  async separateUsers(definitions: Definitions): Promise<void> {
    await this.load(definitions)
    this.#separateUsers = true
  }

  /** Only for a broker that no other suite uses. */
  async load(definitions: Definitions): Promise<void> {
    const file = join(this.server.folder, 'loaded-definitions.json')
    await writeFile(file, JSON.stringify(definitions))
    await this.server.ctl('import_definitions', file)
  }

  passwordOf(user: string): string {
    return `password-of-${user}`
  }

  /** The URL of a user; an administrator's unless users are separated. */
  urlOf(user: BrokerUser | 'admin'): string {
    if (!this.#separateUsers) return this.server.url
    return `amqp://${user}:${this.passwordOf(user)}@127.0.0.1:${this.server.port}`
  }

  queueOf(service: ServiceName): string {
    return this.queues[`${service}Queue`]
  }

  /** Queues whose messages are still to be processed: those of the services, their secondary queues and retry queues. */
  workingQueuesOf(service: ServiceName): string[] {
    const queue = this.queueOf(service)
    const secondary = secondaryQueuesOf[service].map((name) => secondaryQueue(queue, name))
    return [queue, ...secondary, ...retryDelaysMs.map((delayMs) => retryQueue(queue, delayMs))]
  }

  async channel(): Promise<ConfirmChannel> {
    this.#connected ??= this.#connect()
    try {
      return (await this.#connected).channel
    } catch (error) {
      this.#connected = undefined
      throw error
    }
  }

  /** Messages ready in a queue, without unacknowledged ones. */
  async depth(queue: string): Promise<number> {
    return (await (await this.channel()).checkQueue(queue)).messageCount
  }

  /** Queues that are not empty, dead-letter queues among them. */
  async depths(): Promise<Record<string, number>> {
    const names = services.flatMap((service) => [
      ...this.workingQueuesOf(service),
      deadLetterQueue(this.queueOf(service)),
    ])
    const counted = await Promise.all(names.map(async (name) => [name, await this.depth(name)] as const))
    return Object.fromEntries(counted.filter(([, count]) => count > 0))
  }

  async consumersOf(service: ServiceName): Promise<number> {
    return (await (await this.channel()).checkQueue(this.queueOf(service))).consumerCount
  }

  /** Publishes to the exchange with this routing key, and waits for the confirm. */
  async publish(routingKey: string, { content, options }: RawMessage): Promise<void> {
    await this.#send(this.exchange, routingKey, content, options)
  }

  /** Publishes a message to a queue by the direct exchange of its service. */
  async send(queue: string, { content, options }: RawMessage): Promise<void> {
    const main = services.map((service) => this.queueOf(service)).find((name) => `${queue}.`.startsWith(`${name}.`))
    await this.#send(ownExchange(main ?? queue), queue, content, options)
  }

  /** The dead letters of a service, without removing them. */
  async deadLetters(service: ServiceName): Promise<GetMessage[]> {
    return await this.#readDeadLetters(service, { noAck: false })
  }

  /** Removes the dead letters of a service and returns them. */
  async takeDeadLetters(service: ServiceName): Promise<GetMessage[]> {
    // Not by acknowledgements: a quorum queue has no reply to them, and those not yet carried out end with the channel.
    return await this.#readDeadLetters(service, { noAck: true })
  }

  /** Moves the dead letters of a service to its queue. */
  async replayDeadLetters(service: ServiceName): Promise<void> {
    for (const { content, properties } of await this.takeDeadLetters(service)) {
      const { attempt: _attempt, ...headers } = properties.headers ?? {}
      await this.send(this.queueOf(service), { content, options: { ...properties, headers } })
    }
  }

  /** Deletes everything the services declared, and closes the connection. */
  async delete(): Promise<void> {
    const channel = await this.channel()
    for (const { name } of topologyOf(this.plan).queues) await channel.deleteQueue(name)
    for (const { name } of topologyOf(this.plan).exchanges) await channel.deleteExchange(name)
    await (await this.#connected)?.model.close()
  }

  async #readDeadLetters(service: ServiceName, options: { readonly noAck: boolean }): Promise<GetMessage[]> {
    await this.channel()
    const model = (await this.#connected)?.model as ChannelModel
    const channel = await model.createChannel()
    const letters: GetMessage[] = []
    for (;;) {
      const letter = await channel.get(deadLetterQueue(this.queueOf(service)), options)
      if (letter === false) break
      letters.push(letter)
    }
    // Closing the channel requeues unacknowledged messages.
    await channel.close()
    return letters
  }

  async #send(exchange: string, routingKey: string, content: Buffer | string, options: Options.Publish = {}) {
    const channel = await this.channel()
    await new Promise<void>((resolve, reject) => {
      channel.publish(exchange, routingKey, Buffer.from(content), options, (error: unknown) =>
        error === null || error === undefined ? resolve() : reject(error),
      )
    })
  }

  async #connect(): Promise<{ model: ChannelModel; channel: ConfirmChannel }> {
    const model = await connect(this.server.url, { clientProperties: { connection_name: 'system-tests' } })
    const channel = await model.createConfirmChannel()
    const forget = (): void => {
      this.#connected = undefined
    }
    model.on('error', () => undefined).on('close', forget)
    channel.on('error', () => undefined).on('close', forget)
    return { model, channel }
  }
}
