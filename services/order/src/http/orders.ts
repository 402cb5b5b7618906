import { Router } from '@koa/router'
import { type Database, type RequestDeadline, serveOpenApi } from '@order-saga/chassis'
import type { QueueNames } from '@order-saga/contracts'
import type { AcceptOrder } from '../accept-orders.ts'
import { usualTimes } from '../store/read-step-times.ts'
import { orderDescription } from './order-description.ts'
import { addOrderRoutes } from './order-routes.ts'
import { addSagaRoutes } from './saga-routes.ts'

export interface OrderApiDependencies {
  readonly database: Database
  readonly accept: AcceptOrder
  /** Of reads. Not the one of `accept`: slow reads must not open its breaker. */
  readonly requestDeadline: RequestDeadline
  readonly now: () => Date
  /** For the queues that should be bound to an unroutable event. */
  readonly queues: QueueNames
}

/** The order API. While the database is unavailable, requests are answered with 503 within about three seconds. */
export function createOrderRouter({ database, accept, requestDeadline, now, queues }: OrderApiDependencies): Router {
  const router = new Router()
  addOrderRoutes(router, { database, requestDeadline, accept })
  addSagaRoutes(router, { database, requestDeadline, usual: usualTimes(database, now), now, queues })
  serveOpenApi(router, orderDescription)
  return router
}
