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
} from '@order-saga/chassis'
import { isCustomerId } from '@order-saga/contracts'
import { type PostgresServer, testServers } from '@order-saga/dev'
import { createFrom, migrated } from '@order-saga/tests/support/database-template'
import { stockAccess } from '../../src/http/access-rules.ts'
import { createStockRouter } from '../../src/http/stock.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** The body as JSON. */
  readonly json: Readonly<Record<string, unknown>>
}

export interface StockApiOptions {
  /** How long a request waits for the database: by default so long that no busy machine spoils a test. */
  readonly answerMs?: number
  /** Settings of the access to the API: AUTH_MODE and so on. */
  readonly access?: NodeJS.ProcessEnv
}

/** The stock API on a migrated database of its own. */
export class StockApi {
  readonly database: Database
  /** Method and pattern of each route. */
  readonly routes: readonly string[]
  readonly server: Server

  private constructor(
    { port, user, password }: PostgresServer,
    name: string,
    { answerMs = 20_000, access }: StockApiOptions,
  ) {
    const log = createLog('inventory', 'silent')
    this.database = new Database({
      host: '127.0.0.1',
      port,
      name,
      user,
      password,
      caFile: '',
      poolMax: 10,
      applicationName: 'stock-http-test',
      log,
    })
    const config = loadConfig(apiSettings, access ?? {})
    let ids = 0
    const router = createStockRouter({
      database: this.database,
      readDatabase: this.database,
      readConcurrency: 10,
      tokenRequired: config.authMode === 'jwt',
      now: () => new Date(),
      // In order, as UUIDv7 are.
      newId: () => `00000000-0000-7000-8000-${String((ids += 1)).padStart(12, '0')}`,
      answerMs,
    })
    // HEAD has the rule of GET.
    this.routes = router.stack.flatMap(({ methods, path }) =>
      methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${String(path)}`),
    )
    const metrics = createMetrics()
    const service = { log, metrics, now: () => new Date(), every: () => undefined }
    const guard = accessGuard(service, config, stockAccess, isCustomerId)
    this.server = createApi({ router, log, metrics, access: guard })
  }

  static async start(name: string, options: StockApiOptions = {}): Promise<StockApi> {
    const postgres = await testServers().postgres()
    await createFrom(migrated.inventory, postgres, name)
    const api = new StockApi(postgres, name, options)
    api.server.listen(0, '127.0.0.1')
    await once(api.server, 'listening')
    return api
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  /** `path` is what follows `/stock/`, percent-encoded. */
  async send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${this.port}/stock/${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const json = (await response.json()) as Record<string, unknown>
    return { status: response.status, headers: response.headers, json }
  }

  async put(sku: string, available: unknown): Promise<Answer> {
    return await this.send('PUT', encodeURIComponent(sku), { available })
  }

  async get(sku: string): Promise<Answer> {
    return await this.send('GET', encodeURIComponent(sku))
  }

  async close(): Promise<void> {
    this.server.close()
    this.server.closeAllConnections()
    await once(this.server, 'close')
    await this.database.close()
  }
}
