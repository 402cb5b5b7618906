import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type Topology, topologyOf } from '@order-saga/chassis'
import { consumedBy, type QueueNames, type ServiceName, serviceQueues, services } from '@order-saga/contracts'
import { type PostgresServer, type RabbitMqServer, testServers, waitUntil } from '@order-saga/local'
import {
  audit,
  type AuditOptions,
  type AuditReport,
  type ClientAnswer,
  formatReport,
  type GatewayLedger,
} from '@order-saga/operations'
import pg from 'pg'
import { freePort } from '../../local/src/free-port.ts'
import { BrokerAccess } from './broker-access.ts'
import { createDatabases, dropDatabases, type StoreName, storeNames } from './databases.ts'
import { ServiceProcess } from './service-process.ts'

/** Settings that make waiting short; a test overrides them for all services or for one. */
const quick = {
  LOG_LEVEL: 'info',
  TIMEOUT_CHECK_INTERVAL_MS: '100',
  OUTBOX_POLL_INTERVAL_MS: '100',
  RETRY_DELAYS_MS: '100,200,300',
  SHUTDOWN_TIMEOUT_MS: '15000',
  PAYMENT_SWEEP_INTERVAL_MS: '100',
  PAYMENT_SETTLE_MS: '200',
}

export interface SystemOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly envOf?: Partial<Record<ServiceName, NodeJS.ProcessEnv>>
}

export interface Saga {
  readonly sagaId: string
  readonly orderId: string
  readonly status: string
  readonly reason: string | null
  readonly compensation: string
  readonly history: {
    readonly at: string
    readonly event: string
    readonly direction: string
    readonly ignored?: string
    readonly eventId: string
  }[]
}

export interface Accepted {
  readonly orderId: string
  readonly sagaId: string
}

/** The four services as processes of their own, on databases, an exchange and queues of their own. */
export class RunningSystem {
  readonly services: Record<ServiceName, ServiceProcess>
  readonly broker: BrokerAccess
  readonly queues: Record<ServiceName, string>
  readonly postgres: PostgresServer
  readonly rabbitMq: RabbitMqServer
  readonly orderUrl: string
  readonly inventoryUrl: string
  /** What clients were answered, for the audit. */
  readonly answers: ClientAnswer[] = []
  readonly #databases: Record<StoreName, string>
  readonly #queueNames: QueueNames
  readonly #retryDelaysMs: readonly number[]
  readonly #pools = new Map<StoreName, pg.Pool>()

  private constructor(parts: Parts, options: SystemOptions) {
    const { postgres, rabbitMq, databases, ports, names, exchange, topology } = parts
    this.#queueNames = parts.queueNames
    this.#retryDelaysMs = parts.retryDelaysMs
    this.postgres = postgres
    this.rabbitMq = rabbitMq
    this.#databases = databases
    this.queues = names
    this.orderUrl = `http://127.0.0.1:${ports.order.api}`
    this.inventoryUrl = `http://127.0.0.1:${ports.inventory.api}`
    this.broker = new BrokerAccess(rabbitMq.url, topology)
    const { username, password } = new URL(postgres.url('postgres'))
    const shared = {
      PATH: process.env['PATH'],
      ...quick,
      RABBITMQ_URL: rabbitMq.url,
      ORDER_EXCHANGE: exchange,
      ...Object.fromEntries(services.map((service) => [`${service.toUpperCase()}_QUEUE`, names[service]])),
      DB_HOST: '127.0.0.1',
      DB_PORT: String(postgres.port),
      DB_USER: username,
      DB_PASSWORD: password,
      ...options.env,
    }
    const process_ = (service: ServiceName): ServiceProcess => {
      const database = service === 'notification' ? {} : { DB_NAME: databases[service] }
      const { api, ops } = ports[service]
      const env = { ...shared, ...database, PORT: String(api), OPS_PORT: String(ops), ...options.envOf?.[service] }
      return new ServiceProcess(service, env, ops)
    }
    this.services = {
      order: process_('order'),
      payment: process_('payment'),
      inventory: process_('inventory'),
      notification: process_('notification'),
    }
  }

  static async start(options: SystemOptions = {}): Promise<RunningSystem> {
    const [postgres, rabbitMq] = await Promise.all([testServers().postgres(), testServers().rabbitMq()])
    const prefix = `t${randomBytes(4).toString('hex')}`
    const databases = await createDatabases(postgres, prefix)
    const names = {
      order: `${prefix}_order`,
      payment: `${prefix}_payment`,
      inventory: `${prefix}_inventory`,
      notification: `${prefix}_notification`,
    }
    const exchange = `${prefix}.topic`
    const retryDelaysMs = (options.env?.['RETRY_DELAYS_MS'] ?? quick.RETRY_DELAYS_MS).split(',').map(Number)
    const {
      order: orderQueue,
      payment: paymentQueue,
      inventory: inventoryQueue,
      notification: notificationQueue,
    } = names
    const queueNames = { orderQueue, paymentQueue, inventoryQueue, notificationQueue }
    const topology = topologyOf({ exchange, queues: serviceQueues(queueNames), retryDelaysMs })
    const port = async (): Promise<{ api: number; ops: number }> => ({ api: await freePort(), ops: await freePort() })
    const ports = { order: await port(), payment: await port(), inventory: await port(), notification: await port() }
    const parts = { postgres, rabbitMq, databases, ports, names, queueNames, retryDelaysMs, exchange, topology }
    const system = new RunningSystem(parts, options)
    try {
      for (const service of services) system.services[service].start()
      await Promise.all(services.map((service) => system.services[service].ready()))
      await system.broker.capture()
    } catch (error) {
      await Promise.all(services.map((service) => system.services[service].kill()))
      await system.broker.close()
      throw error
    }
    return system
  }

  /** An order's answer as it comes, whatever it is; a connection that is refused or cut is status 0. */
  async post(
    order: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: unknown; headers: Headers }> {
    const body = JSON.stringify({ ...someOrder, ...order })
    try {
      const response = await fetch(`${this.orderUrl}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      })
      const answer: unknown = await response.json()
      if (response.status === 202) {
        const { orderId, sagaId } = answer as Accepted
        this.answers.push({
          at: new Date().toISOString(),
          status: 202,
          orderId,
          sagaId,
          idempotencyKey: headers['idempotency-key'],
        })
      }
      return { status: response.status, body: answer, headers: response.headers }
    } catch {
      return { status: 0, body: undefined, headers: new Headers() }
    }
  }

  /** Posts an order that must be accepted. */
  async order(order: Record<string, unknown> = {}): Promise<Accepted> {
    const { status, body } = await this.post(order)
    assert.equal(status, 202, JSON.stringify(body))
    return body as Accepted
  }

  async saga(sagaId: string): Promise<Saga> {
    return (await (await fetch(`${this.orderUrl}/sagas/${sagaId}`)).json()) as Saga
  }

  /** Waits until a saga is as described. */
  async sagaBecomes(sagaId: string, wanted: Partial<Saga>, limitMs = 20_000): Promise<Saga> {
    let last: Saga | undefined
    return await waitUntil(
      async () => {
        last = await this.saga(sagaId)
        const { status, reason, compensation } = wanted
        const is = (value: unknown, expected: unknown): boolean => expected === undefined || value === expected
        return is(last.status, status) && is(last.reason, reason) && is(last.compensation, compensation)
          ? last
          : undefined
      },
      {
        what: `saga ${sagaId} to be ${JSON.stringify(wanted)}`,
        limitMs,
        state: () => `${JSON.stringify(last)}\n${this.#logs()}`,
      },
    )
  }

  async putStock(sku: string, available: number): Promise<void> {
    const response = await fetch(`${this.inventoryUrl}/stock/${sku}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ available }),
    })
    assert.equal(response.ok, true, await response.text())
  }

  async stock(sku: string): Promise<{ available: number; reserved: number }> {
    return (await (await fetch(`${this.inventoryUrl}/stock/${sku}`)).json()) as { available: number; reserved: number }
  }

  async sql<R extends object>(store: StoreName, text: string, values: unknown[] = []): Promise<R[]> {
    let pool = this.#pools.get(store)
    if (pool === undefined) {
      pool = new pg.Pool({ connectionString: this.postgres.url(this.#databases[store]), max: 2 })
      // The server is killed on purpose by some tests.
      pool.on('error', () => undefined)
      this.#pools.set(store, pool)
    }
    return (await pool.query<R>(text, values)).rows
  }

  /** Waits until nothing is on its way: every saga at rest, every outbox published, every queue but the dead letters empty. */
  async settle(limitMs = 30_000): Promise<void> {
    let state: unknown
    await waitUntil(
      async () => {
        state = await this.#unsettled()
        return Object.keys(state as object).length === 0
      },
      {
        what: 'the system to come to rest',
        limitMs,
        intervalMs: 100,
        state: () => `${JSON.stringify(state)}\n${this.#logs()}`,
      },
    )
  }

  /** Settles and audits; fails on any violation. */
  async assertClean(options: AuditOptions & { gateway?: GatewayLedger } = {}): Promise<AuditReport> {
    await this.settle()
    const { gateway, ...rest } = options
    const source = (store: StoreName): { url: string } => ({ url: this.postgres.url(this.#databases[store]) })
    const [order, payment, inventory] = storeNames.map(source) as [{ url: string }, { url: string }, { url: string }]
    const broker = { url: this.rabbitMq.url, queues: this.#queueNames, retryDelaysMs: this.#retryDelaysMs }
    const sources = { order, payment, inventory, broker, clientAnswers: this.answers, gateway }
    const report = await audit(sources, { settleMs: 300, toleranceMs: 1_000, ...rest })
    assert.equal(report.clean, true, `${formatReport(report)}\n${this.#logs()}`)
    return report
  }

  /** What is still on its way, by kind; empty when the system is at rest. */
  async #unsettled(): Promise<Record<string, unknown>> {
    const unsettled: Record<string, unknown> = {}
    const note = (kind: string, rows: readonly unknown[]): void => {
      if (rows.length > 0) unsettled[kind] = rows.slice(0, 5)
    }
    note(
      'sagas',
      await this.sql(
        'order',
        `SELECT saga_id, status, compensation FROM saga_instances
         WHERE status IN ('pending', 'payment_completed', 'refunding') OR compensation = 'refund_requested'`,
      ),
    )
    note(
      'payments',
      await this.sql('payment', 'SELECT order_id, status FROM payment_transactions WHERE next_attempt_at IS NOT NULL'),
    )
    const events: { event_id: string; routing_key: string }[] = []
    for (const store of storeNames) {
      const pending =
        'SELECT event_id, routing_key, attempts FROM events WHERE published_at IS NULL AND parked_at IS NULL'
      note(`outbox of ${store}`, await this.sql(store, pending))
      events.push(
        ...(await this.sql<(typeof events)[number]>(
          store,
          'SELECT event_id, routing_key FROM events WHERE parked_at IS NULL',
        )),
      )
    }
    const depths = await this.broker.depths()
    const deadLetters = Object.entries(depths).filter(([queue]) => queue.endsWith('.dlq'))
    note(
      'queues',
      Object.entries(depths).filter(([queue]) => !queue.endsWith('.dlq')),
    )
    const unprocessed = await this.#unprocessed(events)
    if (unprocessed.length > deadLetters.reduce((sum, [, depth]) => sum + depth, 0)) note('unprocessed', unprocessed)
    return unsettled
  }

  async #unprocessed(events: readonly { event_id: string; routing_key: string }[]): Promise<string[]> {
    const unprocessed: string[] = []
    for (const store of storeNames) {
      const names = new Set<string>(consumedBy(store).map(({ name }) => name))
      const rows = await this.sql<{ event_id: string }>(store, 'SELECT event_id FROM processed_events')
      const done = new Set(rows.map(({ event_id }) => event_id))
      for (const { event_id, routing_key } of events) {
        if (names.has(routing_key) && !done.has(event_id)) unprocessed.push(`${store}: ${routing_key} ${event_id}`)
      }
    }
    return unprocessed
  }

  #logs(): string {
    return services.map((service) => this.services[service].log.slice(-8).join('\n')).join('\n')
  }

  /** Ends all processes, which must exit well, and removes what they used. */
  async stop(): Promise<void> {
    const codes = await Promise.all(
      services.map(async (service) => [service, await this.services[service].stop()] as const),
    )
    for (const pool of this.#pools.values()) await pool.end()
    await this.broker.deleteTopology()
    await this.broker.close()
    await dropDatabases(this.postgres, this.#databases)
    for (const [service, code] of codes)
      assert.equal(
        code,
        0,
        `${service} ended with ${String(code)}\n${this.services[service].log.slice(-20).join('\n')}`,
      )
  }
}

interface Parts {
  readonly postgres: PostgresServer
  readonly rabbitMq: RabbitMqServer
  readonly databases: Record<StoreName, string>
  readonly ports: Record<ServiceName, { api: number; ops: number }>
  readonly names: Record<ServiceName, string>
  readonly queueNames: QueueNames
  readonly retryDelaysMs: readonly number[]
  readonly exchange: string
  readonly topology: Topology
}

const someOrder = {
  customerEmail: 'someone@example.com',
  items: [{ sku: 'SKU-1', qty: 1 }],
  amount: 12.5,
  currency: 'USD',
}
