import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  accessGuard,
  apiSettings,
  createApi,
  createLog,
  createMetrics,
  Database,
  loadConfig,
  type Log,
  type OutgoingEvent,
  ReadLimit,
  RequestDeadline,
} from '@order-saga/chassis'
import { isCustomerId } from '@order-saga/contracts'
import { type PostgresServer, testServers } from '@order-saga/dev'
import { createFrom, migrated } from '@order-saga/tests/support/database-template'
import { v7 as uuidv7 } from 'uuid'
import { createAcceptOrder } from '../../src/accept-orders.ts'
import { SagaCache } from '../../src/store/sagas.ts'
import { Admission } from '../../src/admission.ts'
import { orderAccess } from '../../src/http/access-rules.ts'
import { createOrderRouter } from '../../src/http/orders.ts'

const queues = {
  orderQueue: 'order_queue',
  paymentQueue: 'payment_queue',
  inventoryQueue: 'inventory_queue',
  notificationQueue: 'notification_queue',
}

export const sagaTimeoutMs = 90_000

/** A migrated database of a test file's own. */
export async function orderDatabase(name: string): Promise<PostgresServer> {
  const postgres = await testServers().postgres()
  await createFrom(migrated.order, postgres, name)
  return postgres
}

const now = (): Date => new Date()

export interface OrderApiOptions {
  readonly database: string
  /** A proxy's, instead of the server's own. */
  readonly port?: number
  readonly poolMax?: number
  readonly maxOpenOrders?: number
  readonly maxInProgress?: number
  /** How long a request waits for the database: by default so long that no busy machine spoils a test. */
  readonly answerMs?: number
  /** Settings of the access to the API: AUTH_MODE and so on. */
  readonly access?: NodeJS.ProcessEnv
}

/** The order API as a process would serve it, but for the broker: what the relay gets is kept here. */
export class OrderApi {
  readonly database: Database
  readonly logger: Log
  readonly log: string[] = []
  readonly offered: OutgoingEvent[] = []
  /** Method and pattern of each route. */
  readonly routes: readonly string[]
  accepted = 0
  readonly cache = new SagaCache()
  relayAccepts = true
  /** Added to the time in new ids. */
  idOffsetMs = 0
  readonly metrics = createMetrics()
  readonly server: Server

  private constructor(postgres: PostgresServer, options: OrderApiOptions) {
    const log = createLog('order', 'debug', { write: (line: string) => void this.log.push(line) })
    this.logger = log
    this.database = new Database({
      host: '127.0.0.1',
      port: options.port ?? postgres.port,
      name: options.database,
      user: postgres.user,
      password: postgres.password,
      caFile: '',
      poolMax: options.poolMax ?? 10,
      applicationName: 'order-http-test',
      log,
    })
    const relayAccepts = (): boolean => this.relayAccepts
    const relay = {
      get accepts() {
        return relayAccepts()
      },
      offer: (events: readonly OutgoingEvent[]) => void this.offered.push(...events),
    }
    const { database } = this
    const { answerMs = 20_000, maxOpenOrders = 1_000_000, maxInProgress = 1_000 } = options
    const accept = createAcceptOrder({
      database,
      relay,
      now,
      newId: () => (this.idOffsetMs === 0 ? uuidv7() : uuidv7({ msecs: Date.now() + this.idOffsetMs })),
      sagaTimeoutMs,
      admission: new Admission({ maxOpenOrders, maxInProgress }),
      requestDeadline: new RequestDeadline('database', answerMs),
      cache: this.cache,
      onAccepted: (count) => (this.accepted += count),
    })
    const config = loadConfig(apiSettings, options.access ?? {})
    const router = createOrderRouter({
      accept,
      database,
      reads: new ReadLimit({ concurrency: 10, callTimeoutMs: answerMs }),
      tokenRequired: config.authMode === 'jwt',
      now,
      queues,
    })
    // HEAD has the rule of GET.
    this.routes = router.stack.flatMap(({ methods, path }) =>
      methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${String(path)}`),
    )
    const service = { log, metrics: this.metrics, now, every: () => undefined }
    this.server = createApi({
      access: accessGuard(service, config, orderAccess, isCustomerId),
      router,
      log,
      metrics: this.metrics,
    })
  }

  static async start(options: OrderApiOptions): Promise<OrderApi> {
    const api = new OrderApi(await testServers().postgres(), options)
    api.server.listen(0, '127.0.0.1')
    await once(api.server, 'listening')
    return api
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`
  }

  async post(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    return await this.send('POST', '/orders', { 'content-type': 'application/json', ...headers }, text)
  }

  async get(path: string): Promise<Answer> {
    return await this.send('GET', path)
  }

  async send(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
    const response = await fetch(this.url(path), { method, headers, ...(body === undefined ? {} : { body }) })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: parse(text) }
  }

  /** How many rows an order has left in each table. */
  async counts(): Promise<Record<'orders' | 'sagas' | 'events' | 'keys', number>> {
    const [row] = await this.database.query<Record<'orders' | 'sagas' | 'events' | 'keys', number>>({
      name: 'test-counts',
      text: `SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM saga_instances) AS sagas,
        (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM idempotency_keys) AS keys`,
    })
    if (row === undefined) throw new Error('no counts')
    return row
  }

  async close(): Promise<void> {
    this.server.close()
    this.server.closeAllConnections()
    await once(this.server, 'close')
    await this.database.close()
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; an empty object when it is none. */
  readonly json: Readonly<Record<string, unknown>>
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}

let customers = 0

/** A body that is accepted; each call is another customer's. */
export function someOrder(changes: Record<string, unknown> = {}): Record<string, unknown> {
  customers += 1
  return {
    customerId: `cust-${customers}`,
    customerEmail: `user${customers}@example.com`,
    items: [{ sku: 'SKU-1', qty: 2 }],
    amount: 125.5,
    currency: 'USD',
    ...changes,
  }
}
