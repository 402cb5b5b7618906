import { Router } from '@koa/router'
import { type Database, Patience } from '@order-saga/chassis'
import type { AcceptOrder } from '../store/accept-orders.ts'
import { usualTimes } from '../store/read-step-times.ts'
import { addOrderRoutes } from './order-routes.ts'
import { addSagaRoutes } from './saga-routes.ts'

export interface OrderApiDependencies {
  readonly database: Database
  readonly accept: AcceptOrder
  readonly now: () => Date
  /** How long a request waits for the database; 2500 ms unless told otherwise. */
  readonly answerMs?: number
}

/** The order API. While the database is away its requests are answered with 503 within about three seconds. */
export function createOrderRouter({ database, accept, now, answerMs }: OrderApiDependencies): Router {
  const patience = new Patience('database', answerMs)
  const router = new Router()
  addOrderRoutes(router, { database, patience, accept })
  addSagaRoutes(router, { database, patience, usual: usualTimes(database, now), now })
  return router
}
