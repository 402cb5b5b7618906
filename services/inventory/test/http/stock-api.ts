import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApi, createLog, createMetrics, Database } from '@order-saga/chassis'
import { type PostgresServer, testServers } from '@order-saga/dev'
import { createFrom, migrated } from '@order-saga/tests/support/database-template'
import { createStockRouter } from '../../src/http/stock.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** The body as JSON. */
  readonly json: Readonly<Record<string, unknown>>
}

/** The stock API on a migrated database of its own. */
export class StockApi {
  readonly database: Database
  readonly server: Server

  private constructor({ port, user, password }: PostgresServer, name: string, answerMs: number) {
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
    const router = createStockRouter({ database: this.database, now: () => new Date(), answerMs })
    this.server = createApi({ router, log, metrics: createMetrics() })
  }

  static async start(name: string, answerMs = 20_000): Promise<StockApi> {
    const postgres = await testServers().postgres()
    await createFrom(migrated.inventory, postgres, name)
    const api = new StockApi(postgres, name, answerMs)
    api.server.listen(0, '127.0.0.1')
    await once(api.server, 'listening')
    return api
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  /** `path` is what follows `/stock/`, percent-encoded. */
  async send(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${this.port}/stock/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
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
