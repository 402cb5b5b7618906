import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { Router } from '@koa/router'
import { waitUntil } from '@order-saga/dev'
import { createLog } from '../../src/core/log.ts'
import { createMetrics } from '../../src/core/metrics.ts'
import { createApi } from '../../src/http/api.ts'

/** An API with the routes `GET /things`, `POST /things`, which returns its body, and `GET /later`, which waits. */
export class ApiForTest {
  readonly log: { level: number; msg: string; [field: string]: unknown }[] = []
  readonly metrics = createMetrics()
  readonly server: Server
  /** Resolves when `GET /later` waits for `release`. */
  readonly waiting: Promise<void>
  release: () => void = () => undefined

  private constructor() {
    let waits: () => void
    this.waiting = new Promise((resolve) => (waits = resolve))
    const router = new Router()
    router.get('/things', (ctx) => {
      ctx.body = { query: ctx.query }
    })
    router.post('/things', (ctx) => {
      ctx.body = { received: (ctx.request as { body?: unknown }).body }
    })
    router.get('/later', async (ctx) => {
      const released = new Promise<void>((resolve) => (this.release = resolve))
      waits()
      await released
      ctx.body = 'later'
    })
    const log = createLog('test', 'info', {
      write: (line: string) => void this.log.push(JSON.parse(line) as { level: number; msg: string }),
    })
    this.server = createApi({ router, log, metrics: this.metrics })
  }

  static async start(): Promise<ApiForTest> {
    const api = new ApiForTest()
    api.server.listen(0, '127.0.0.1')
    await once(api.server, 'listening')
    return api
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  /** Resolves when the metric has these counts, by `method route status`, and no others. */
  async hasObserved(counts: Readonly<Record<string, number>>): Promise<void> {
    let observed: Record<string, number> = {}
    await waitUntil(
      async () => {
        const { values } = await this.metrics.httpDuration.get()
        observed = Object.fromEntries(
          values
            .filter(({ metricName }) => metricName?.endsWith('_count'))
            .map(({ labels, value }) => [`${labels.method} ${labels.route} ${labels.status}`, value]),
        )
        return isDeepStrictEqual(observed, counts)
      },
      { what: JSON.stringify(counts), limitMs: 5_000, intervalMs: 5, state: () => [observed] },
    )
  }

  async close(): Promise<void> {
    this.server.close()
    this.server.closeAllConnections()
    await once(this.server, 'close')
  }
}
