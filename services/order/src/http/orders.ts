import { Router } from '@koa/router'
import { type Database, type ReadLimit, serveOpenApi } from '@order-saga/chassis'
import type { QueueNames } from '@order-saga/contracts'
import type { AcceptOrder } from '../accept-orders.ts'
import { usualTimes } from '../store/read-step-times.ts'
import { orderDescription } from './order-description.ts'
import { addOrderRoutes } from './order-routes.ts'
import { addSagaRoutes } from './saga-routes.ts'

export interface OrderApiDependencies {
  /** For reads, with connections of its own. */
  readonly database: Database
  readonly accept: AcceptOrder
  readonly reads: ReadLimit
  /** For the document of the API. */
  readonly tokenRequired: boolean
  readonly now: () => Date
  /** For the queues that should be bound to an unroutable event. */
  readonly queues: QueueNames
}

/** The order API. While the database is unavailable, requests are answered with 503 within about three seconds. */
export function createOrderRouter({
  database,
  accept,
  reads,
  tokenRequired,
  now,
  queues,
}: OrderApiDependencies): Router {
  const router = new Router()
  addOrderRoutes(router, { database, reads, accept })
  addSagaRoutes(router, { database, reads, usual: usualTimes(database, now), now, queues })
  serveOpenApi(router, orderDescription, tokenRequired)
  return router
}
