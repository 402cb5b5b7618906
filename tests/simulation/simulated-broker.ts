import { EventEmitter } from 'node:events'
import { type ChannelModel, type ConsumeMessage, IllegalOperationError, type Options } from 'amqplib'
import type { Chance } from './chance.ts'
import { type Owner, type VirtualTime, within } from './virtual-time.ts'

/** A possible next step. */
export type Happening = () => void | Promise<void>

interface Queued {
  readonly content: Buffer
  readonly properties: Record<string, unknown>
  readonly exchange: string
  readonly routingKey: string
  returns: number
}

interface Queue {
  readonly name: string
  readonly ttlMs: number | undefined
  readonly deadLetterTo: string | undefined
  ready: Queued[]
}

interface Taken {
  readonly queue: Queue
  readonly message: Queued
}

/** Intentional defects of the broker. */
export interface BrokerDefects {
  /** A delivery counts as acknowledged when it is sent. */
  readonly acksEarly: boolean
  /** A publication counts as confirmed when it is sent. */
  readonly confirmsEarly: boolean
}

/**
 * A broker in memory, with the parts of AMQP that the services use. Frames of a connection are delivered in order, when
 * the scheduler selects the connection; a lost connection loses its frames in flight in both directions.
 */
export class SimulatedBroker {
  readonly queues = new Map<string, Queue>()
  /** Queues by exchange and routing key. */
  readonly #bindings = new Map<string, Set<string>>()
  readonly #connections = new Set<Connection>()
  readonly chance: Chance
  readonly #time: VirtualTime
  readonly defects: BrokerDefects

  constructor(chance: Chance, time: VirtualTime, defects: BrokerDefects) {
    this.chance = chance
    this.#time = time
    this.defects = defects
  }

  connect(owner: Owner): Promise<ChannelModel> {
    const connection = new Connection(this, owner)
    this.#connections.add(connection)
    return connection.call(() => connection as unknown as ChannelModel)
  }

  /** All possible next steps. */
  *happenings(isFrozen: (owner: Owner) => boolean): Generator<Happening> {
    for (const connection of this.#connections) {
      if (isFrozen(connection.owner)) continue
      if (connection.toServer.length > 0) yield () => connection.serve()
      if (connection.toClient.length > 0) yield () => connection.receive()
    }
    for (const queue of this.queues.values()) {
      if (queue.ready.length > 0 && this.#takersOf(queue).length > 0) yield () => this.#deliver(queue)
    }
  }

  /** Messages by their queue, where there are any: waiting, or taken and not acknowledged. */
  get depths(): ReadonlyMap<string, number> {
    const taken = [...this.#connections].flatMap(({ channels }) => [...channels]).flatMap((channel) => channel.held)
    const all = [...this.queues.values()].map(({ name, ready }): [string, number] => [
      name,
      ready.length + taken.filter((queue) => queue === name).length,
    ])
    return new Map(all.filter(([, count]) => count > 0))
  }

  /** Closes all connections of a killed process. */
  drop(owner: Owner): void {
    for (const connection of this.#connections) if (connection.owner === owner) connection.lose()
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection)
  }

  declare(name: string, args: Record<string, unknown>): void {
    if (this.queues.has(name)) return
    const ttlMs = args['x-message-ttl'] as number | undefined
    this.queues.set(name, { name, ttlMs, deadLetterTo: args['x-dead-letter-routing-key'] as string, ready: [] })
  }

  bind(queue: string, exchange: string, routingKey: string): void {
    const key = `${exchange} ${routingKey}`
    const bound = this.#bindings.get(key) ?? new Set()
    this.#bindings.set(key, bound.add(queue))
  }

  /** @returns whether any queue has taken it */
  route(message: Queued): boolean {
    const { exchange, routingKey } = message
    const names = exchange === '' ? [routingKey] : [...(this.#bindings.get(`${exchange} ${routingKey}`) ?? [])]
    const targets = names.flatMap((name) => this.queues.get(name) ?? [])
    for (const queue of targets) {
      this.#put(queue, { ...message })
      if (this.chance.fault('duplicate', 0.02, () => `${routingKey} twice in ${queue.name}`))
        this.#put(queue, { ...message })
    }
    return targets.length > 0
  }

  giveBack({ queue, message }: Taken): void {
    message.returns += 1
    queue.ready.unshift(message)
  }

  #put(queue: Queue, message: Queued): void {
    queue.ready.push(message)
    if (queue.ttlMs === undefined) return
    within(undefined, () =>
      this.#time.after(queue.ttlMs ?? 0, () => {
        queue.ready = queue.ready.filter((other) => other !== message)
        this.route({ ...message, exchange: '', routingKey: queue.deadLetterTo ?? '' })
      }),
    )
  }

  #takersOf(queue: Queue): Consumer[] {
    return [...this.#connections]
      .flatMap(({ channels }) => [...channels])
      .flatMap(({ consumers }) => [...consumers.values()])
      .filter((consumer) => consumer.queue === queue && consumer.taken < consumer.prefetch)
  }

  #deliver(queue: Queue): void {
    const consumer = this.chance.of(this.#takersOf(queue))
    const several = queue.ready.length > 1
    const first = !several || !this.chance.fault('reorder', 0.1, () => `in ${queue.name}`)
    const [message] = queue.ready.splice(first ? 0 : this.chance.below(queue.ready.length), 1)
    if (message !== undefined) consumer.channel.deliver(consumer, { queue, message })
  }
}

interface Consumer {
  readonly tag: string
  readonly queue: Queue
  readonly channel: Channel
  readonly prefetch: number
  readonly receive: (message: ConsumeMessage) => void
  taken: number
}

class Connection extends EventEmitter {
  readonly broker: SimulatedBroker
  readonly owner: Owner
  readonly channels = new Set<Channel>()
  readonly #waiting = new Set<() => void>()
  toServer: (() => void)[] = []
  toClient: (() => void)[] = []
  isOpen = true
  readonly connection = { stream: { destroy: (): void => this.lose() } }

  constructor(broker: SimulatedBroker, owner: Owner) {
    super()
    this.broker = broker
    this.owner = owner
  }

  async createChannel(): Promise<Channel> {
    return await this.call(() => new Channel(this))
  }

  async createConfirmChannel(): Promise<Channel> {
    return await this.createChannel()
  }

  async close(): Promise<void> {
    await this.call(() => undefined)
    this.lose()
  }

  serve(): void {
    if (this.broker.chance.fault('broker', 0.004, () => `a connection of ${this.owner.name}, before a request`))
      this.lose()
    else this.toServer.shift()?.()
  }

  receive(): void {
    if (this.broker.chance.fault('broker', 0.004, () => `a connection of ${this.owner.name}, before an answer`))
      this.lose()
    else this.asClient(this.toClient.shift())
  }

  asClient(run: (() => void) | undefined): void {
    if (run !== undefined && !this.owner.isDead) within(this.owner, run)
  }

  /** A request, served in its turn and answered in its turn. */
  call<T>(serve: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) {
        reject(new Error('Connection closed'))
        return
      }
      const lost = (): void => reject(new Error('Connection closed'))
      this.#waiting.add(lost)
      this.toServer.push(() => {
        const answer = serve()
        this.toClient.push(() => {
          this.#waiting.delete(lost)
          resolve(answer)
        })
      })
    })
  }

  lose(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.toServer = []
    this.toClient = []
    this.broker.forget(this)
    for (const channel of this.channels) channel.end()
    this.asClient(() => {
      for (const lost of this.#waiting) lost()
      for (const channel of this.channels) channel.notifyClosed()
      this.emit('close')
    })
  }
}

class Channel extends EventEmitter {
  readonly #connection: Connection
  readonly consumers = new Map<string, Consumer>()
  readonly #taken = new Map<number, Taken & { consumer: Consumer }>()
  readonly #unconfirmed = new Set<(error: unknown) => void>()
  #prefetch = Number.POSITIVE_INFINITY
  #tags = 0
  #isOpen = true

  constructor(connection: Connection) {
    super()
    this.#connection = connection
    connection.channels.add(this)
  }

  assertExchange = (): Promise<void> => this.#call(() => undefined)
  checkExchange = (): Promise<void> => this.#call(() => undefined)
  checkQueue = (): Promise<void> => this.#call(() => undefined)

  assertQueue(name: string, { arguments: args = {} }: { arguments?: Record<string, unknown> }): Promise<void> {
    return this.#call(() => this.#broker.declare(name, args))
  }

  bindQueue(queue: string, exchange: string, routingKey: string): Promise<void> {
    return this.#call(() => this.#broker.bind(queue, exchange, routingKey))
  }

  async prefetch(count: number): Promise<void> {
    this.#prefetch = count
  }

  consume(
    name: string,
    receive: (message: ConsumeMessage) => void,
    { consumerTag: tag }: { consumerTag: string },
  ): Promise<void> {
    return this.#call(() => {
      const queue = this.#broker.queues.get(name)
      if (queue === undefined) throw new Error(`no queue ${name}`)
      this.consumers.set(tag, { tag, queue, channel: this, prefetch: this.#prefetch, receive, taken: 0 })
    })
  }

  cancel(tag: string): Promise<boolean> {
    return this.#call(() => this.consumers.delete(tag))
  }

  publish(
    exchange: string,
    routingKey: string,
    content: Buffer,
    options: Options.Publish,
    confirmed: (error: unknown) => void,
  ): boolean {
    this.#assertOpen()
    if (exchange === '') throw new Error('no service has write permission for the default exchange')
    const { headers = {}, ...properties } = options
    const message: Queued = { content, properties: { ...properties, headers }, exchange, routingKey, returns: 0 }
    const { toServer, toClient } = this.#connection
    const confirm = (): void => {
      if (this.#unconfirmed.delete(confirmed)) confirmed(null)
    }
    this.#unconfirmed.add(confirmed)
    if (this.#broker.defects.confirmsEarly) toClient.push(confirm)
    toServer.push(() => {
      const routed = this.#broker.route(message)
      if (!routed) {
        const fields = { exchange, routingKey }
        this.#connection.toClient.push(() => this.emit('return', { fields, properties: message.properties }))
      }
      this.#connection.toClient.push(confirm)
    })
    return true
  }

  ack({ fields: { deliveryTag } }: ConsumeMessage, multiple = false): void {
    this.#assertOpen()
    this.#connection.toServer.push(() => {
      for (const tag of this.#taken.keys()) if (tag === deliveryTag || (multiple && tag < deliveryTag)) this.#done(tag)
    })
  }

  deliver(consumer: Consumer, { queue, message }: Taken): void {
    this.#tags += 1
    const deliveryTag = this.#tags
    const { content, properties, exchange, routingKey, returns } = message
    consumer.taken += 1
    this.#taken.set(deliveryTag, { queue, message, consumer })
    if (this.#broker.defects.acksEarly) this.#done(deliveryTag)
    const headers = { ...(properties['headers'] as object), ...(returns > 0 ? { 'x-delivery-count': returns } : {}) }
    const fields = { consumerTag: consumer.tag, deliveryTag, redelivered: returns > 0, exchange, routingKey }
    const delivery = { content, fields, properties: { ...properties, headers } }
    this.#connection.toClient.push(() => consumer.receive(delivery as unknown as ConsumeMessage))
  }

  close(): Promise<void> {
    return this.#call(() => this.end()).then(() => this.notifyClosed())
  }

  /** The queues of what was delivered and not acknowledged. */
  get held(): string[] {
    return [...this.#taken.values()].map(({ queue }) => queue.name)
  }

  /** The broker's side: requeues unacknowledged messages. */
  end(): void {
    this.consumers.clear()
    for (const taken of [...this.#taken.values()].toReversed()) this.#broker.giveBack(taken)
    this.#taken.clear()
  }

  /** The client's side. */
  notifyClosed(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#connection.channels.delete(this)
    for (const confirmed of this.#unconfirmed) confirmed(new Error('channel closed'))
    this.#unconfirmed.clear()
    this.emit('close')
  }

  #done(tag: number): void {
    const taken = this.#taken.get(tag)
    if (taken === undefined) return
    taken.consumer.taken -= 1
    this.#taken.delete(tag)
  }

  get #broker(): SimulatedBroker {
    return this.#connection.broker
  }

  #call<T>(serve: () => T): Promise<T> {
    if (!this.#isOpen) return Promise.reject(new Error('Channel closed'))
    return this.#connection.call(serve)
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new IllegalOperationError('Channel closed', '')
  }
}
