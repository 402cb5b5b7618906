import { randomBytes, randomUUID } from 'node:crypto'
import { declareTopology } from '@order-saga/chassis'
import {
  type EventName,
  type QueueNames,
  type ServiceName,
  serviceQueues,
  deadLetterQueue,
  type Topology,
  topologyOf,
} from '@order-saga/contracts'
import { testServers, waitUntil } from '@order-saga/dev'
import { rolesOf } from '@order-saga/tests/support/database-roles'
import { asOperator } from '@order-saga/tests/support/operators'
import { type ChannelModel, type ConfirmChannel, connect, type GetMessage, type Options } from 'amqplib'
import { runSaga } from '../../src/index.ts'
import { storeNames } from '../../src/inspect/stores.ts'
import { AuditedSystem } from '../audited-system.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly error: string
}

/** The output of `--json`, as documented. */
export interface SagaOutput {
  readonly command: string
  readonly exitCode: number
  readonly error: string | null
  readonly items: readonly Record<string, unknown>[]
  readonly summary: Record<string, unknown>
}

const retryDelaysMs = [100, 600_000]

/** Three migrated databases and all queues of one test file, without running services, and the command configured for them. */
export class OperatedSystem {
  readonly data: AuditedSystem
  readonly queues: QueueNames
  readonly environment: NodeJS.ProcessEnv
  readonly channel: ConfirmChannel
  readonly #model: ChannelModel
  readonly #topology: Topology

  private constructor(
    data: AuditedSystem,
    queues: QueueNames,
    environment: NodeJS.ProcessEnv,
    connected: { model: ChannelModel; channel: ConfirmChannel; topology: Topology },
  ) {
    this.data = data
    this.queues = queues
    this.environment = environment
    this.channel = connected.channel
    this.#model = connected.model
    this.#topology = connected.topology
  }

  static async start(): Promise<OperatedSystem> {
    const data = await AuditedSystem.start()
    const run = randomBytes(4).toString('hex')
    const queues: QueueNames = {
      orderQueue: `order_queue_${run}`,
      paymentQueue: `payment_queue_${run}`,
      inventoryQueue: `inventory_queue_${run}`,
      notificationQueue: `notification_queue_${run}`,
    }
    const { url } = await testServers().rabbitMq()
    const model = await connect(url)
    model.on('error', () => undefined)
    const channel = await model.createConfirmChannel()
    const topology = topologyOf({ exchange: `operated_${run}`, queues: serviceQueues(queues), retryDelaysMs })
    await declareTopology(channel, topology)
    const environment = {
      ORDER_DB_URL: data.sources.order.url,
      PAYMENT_DB_URL: data.sources.payment.url,
      INVENTORY_DB_URL: data.sources.inventory.url,
      ...logins('operator'),
      ...logins('runtime'),
      RABBITMQ_URL: url,
      ORDER_EXCHANGE: `operated_${run}`,
      ORDER_QUEUE: queues.orderQueue,
      PAYMENT_QUEUE: queues.paymentQueue,
      INVENTORY_QUEUE: queues.inventoryQueue,
      NOTIFICATION_QUEUE: queues.notificationQueue,
      RETRY_DELAYS_MS: retryDelaysMs.join(','),
      AUDIT_SETTLE_MS: '1',
      ...asOperator('ann'),
    }
    return new OperatedSystem(data, queues, environment, { model, channel, topology })
  }

  /** Runs the command in this process, as the operator `ann`. */
  async run(
    args: readonly string[],
    more: { env?: NodeJS.ProcessEnv; now?: Date; signal?: AbortSignal } = {},
  ): Promise<Ran> {
    let [out, error] = ['', '']
    const code = await runSaga(
      args,
      { ...this.environment, ...more.env },
      {
        out: (text) => void (out += `${text}\n`),
        error: (text) => void (error += `${text}\n`),
        now: () => more.now ?? new Date(),
        signal: more.signal ?? new AbortController().signal,
      },
    )
    return { code, out, error }
  }

  async json(...args: string[]): Promise<SagaOutput> {
    const { out, error } = await this.run([...args, '--json'])
    if (out === '') throw new Error(`nothing was printed: ${error}`)
    return JSON.parse(out) as SagaOutput
  }

  queueOf(service: ServiceName): string {
    return this.queues[`${service}Queue`]
  }

  dlqOf(service: ServiceName): string {
    return deadLetterQueue(this.queueOf(service))
  }

  /** Puts a message into the dead-letter queue of a service, as its consumer would. */
  async die(
    service: ServiceName,
    content: string,
    { type, headers = {}, ...options }: Options.Publish & { type: string },
  ): Promise<void> {
    const died = {
      reason: 'the shelf has collapsed',
      queue: this.queueOf(service),
      attempt: 5,
      'first-failure': '2026-01-01T00:00:00.000Z',
      'dead-lettered-at': new Date().toISOString(),
      ...(headers as Record<string, unknown>),
    }
    await this.send(this.dlqOf(service), content, { ...options, type, headers: died })
  }

  async send(queue: string, content: string, options: Options.Publish = {}): Promise<void> {
    this.channel.publish('', queue, Buffer.from(content), { persistent: true, ...options })
    await this.channel.waitForConfirms()
  }

  async depth(queue: string): Promise<number> {
    return (await this.channel.checkQueue(queue)).messageCount
  }

  /** Waits until that many are ready: the broker requeues the messages of a closed channel asynchronously. */
  async untilDepth(queue: string, depth: number): Promise<void> {
    await waitUntil(async () => (await this.depth(queue)) === depth, {
      what: `${depth} messages in ${queue}`,
      limitMs: 10_000,
      intervalMs: 20,
    })
  }

  /** Takes all messages out of a queue, in their order. */
  async take(queue: string): Promise<GetMessage[]> {
    const taken: GetMessage[] = []
    for (;;) {
      const message = await this.channel.get(queue, { noAck: true })
      if (message === false) return taken
      taken.push(message)
    }
  }

  async clear(): Promise<void> {
    for (const { name } of this.#topology.queues) await this.channel.purgeQueue(name)
    await this.data.sql('order', 'DELETE FROM operator_acts; DELETE FROM operator_act_bodies')
    await this.data.clear()
  }

  /** Declares the queues again that a test has deleted. */
  async declare(): Promise<void> {
    await declareTopology(this.channel, this.#topology)
  }

  async stop(): Promise<void> {
    for (const { name } of this.#topology.queues) await this.channel.deleteQueue(name)
    for (const { name } of this.#topology.exchanges) await this.channel.deleteExchange(name)
    await this.#model.close()
    await this.data.stop()
  }
}

function logins(role: 'operator' | 'runtime'): NodeJS.ProcessEnv {
  return Object.fromEntries(
    storeNames.flatMap((store) => {
      const { user, password } = rolesOf(store)[role]
      const prefix = `${store}_${role}_DB`.toUpperCase()
      return [
        [`${prefix}_USER`, user],
        [`${prefix}_PASSWORD`, password],
      ]
    }),
  )
}

interface Ids {
  readonly eventId?: string
  readonly sagaId?: string
  readonly orderId?: string
}

const items = [{ sku: 'TEA', qty: 2 }]
const order = { customerEmail: 'ann@example.com', items, amount: '125.50', currency: 'EUR' }
const deadline = '2999-01-01T00:00:00.000Z'

/** A valid payload for each event. */
const payloads: Record<EventName, object> = {
  'order.created': { ...order, deadline },
  'payment.completed': { ...order, paymentId: 'p1', deadline },
  'payment.failed': { reason: 'declined', detail: '' },
  'inventory.reserved': { reservationId: 'r1', items },
  'inventory.failed': { reason: 'out_of_stock', detail: '' },
  'payment.refund.requested': { reason: 'compensation' },
  'payment.refunded': { refundId: 'r1', amount: '125.50', currency: 'EUR' },
  'order.confirmed': order,
  'order.cancelled': { ...order, reason: 'timeout' },
}

export function bodyOf(
  event: EventName,
  { eventId = randomUUID(), sagaId = randomUUID(), orderId = randomUUID() }: Ids = {},
): string {
  return JSON.stringify({ eventId, sagaId, orderId, timestamp: new Date().toISOString(), payload: payloads[event] })
}

/** Gives the tests of a suite one system: started before the first, emptied after each, stopped after the last. */
export function useOperatedSystem(): () => OperatedSystem {
  let system: OperatedSystem | undefined
  before(async () => {
    system = await OperatedSystem.start()
  })
  after(() => system?.stop())
  afterEach(() => system?.clear())
  return () => {
    if (system === undefined) throw new Error('the system is not started yet')
    return system
  }
}
