import { Router } from '@koa/router'
import { checkerOf } from '@order-saga/contracts'
import { type Database, invalidField, notFound, RequestDeadline, requireValid } from '@order-saga/chassis'
import { findStock, setAvailable } from '../store/stock.ts'
import { Sku, StockBody } from './stock-bodies.ts'

export interface StockApiDependencies {
  readonly database: Database
  readonly now: () => Date
  /** How long a request waits for the database; 2500 ms unless told otherwise. */
  readonly answerMs?: number
}

const checkSku = checkerOf(Sku)
const checkBody = checkerOf(StockBody)

/** The stock API. While the database is away its requests are answered with 503 within about three seconds. */
export function createStockRouter({ database, now, answerMs }: StockApiDependencies): Router {
  const deadline = new RequestDeadline('database', answerMs)
  const router = new Router()

  router.put('/stock/:sku', async (ctx) => {
    const sku = checkSku(ctx.params['sku'])
    if (!sku.ok) throw invalidField('sku', sku.problem.message)
    const { available } = requireValid(checkBody((ctx.request as { body?: unknown }).body))
    ctx.body = await deadline.run(() => setAvailable(database, sku.value, available, now()))
  })

  router.get('/stock/:sku', async (ctx) => {
    const sku = checkSku(ctx.params['sku'])
    // What no article can be called has no stock either, and may not even be text to the database.
    const level = sku.ok ? await deadline.run(() => findStock(database, sku.value)) : undefined
    if (level === undefined) throw notFound(`Stock of ${ctx.params['sku'] ?? ''}`)
    ctx.body = level
  })

  return router
}
