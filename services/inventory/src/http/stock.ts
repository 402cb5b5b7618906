import { Router } from '@koa/router'
import { checkerOf } from '@order-saga/contracts'
import {
  callerOf,
  type Database,
  invalidField,
  notFound,
  ReadLimit,
  RequestDeadline,
  requireValid,
  serveOpenApi,
} from '@order-saga/chassis'
import { findStock, setAvailable } from '../store/stock.ts'
import { Sku, StockBody } from './stock-bodies.ts'
import { stockDescription } from './stock-description.ts'

export interface StockApiDependencies {
  readonly database: Database
  /** For reads, with connections of its own. */
  readonly readDatabase: Database
  readonly readConcurrency: number
  /** For the document of the API. */
  readonly tokenRequired: boolean
  readonly now: () => Date
  readonly newId: () => string
  /** How long a request waits for the database; 2500 ms by default. */
  readonly answerMs?: number
}

const checkSku = checkerOf(Sku)
const checkBody = checkerOf(StockBody)

/** The stock API. While the database is unavailable, requests get 503 within about three seconds. */
export function createStockRouter({
  database,
  readDatabase,
  readConcurrency,
  tokenRequired,
  now,
  newId,
  answerMs,
}: StockApiDependencies): Router {
  const deadline = new RequestDeadline('database', answerMs)
  const reads = new ReadLimit({ concurrency: readConcurrency, callTimeoutMs: answerMs })
  const router = new Router()

  router.put('/stock/:sku', async (ctx) => {
    const sku = checkSku(ctx.params['sku'])
    if (!sku.ok) throw invalidField('sku', sku.problem.message)
    const { available } = requireValid(checkBody((ctx.request as { body?: unknown }).body))
    const { subject: operator = 'anonymous', issuer } = callerOf(ctx) ?? {}
    const change = { changeId: newId(), operator, issuer, now: now() }
    ctx.body = await deadline.run(() => setAvailable(database, sku.value, available, change))
  })

  router.get('/stock/:sku', async (ctx) => {
    const sku = checkSku(ctx.params['sku'])
    // An invalid SKU has no stock, and PostgreSQL may not accept it as text.
    const level = sku.ok ? await reads.run(() => findStock(readDatabase, sku.value)) : undefined
    if (level === undefined) throw notFound(`Stock of ${ctx.params['sku'] ?? ''}`)
    ctx.body = level
  })

  serveOpenApi(router, stockDescription, tokenRequired)
  return router
}
