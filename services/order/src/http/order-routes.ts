import type { Router } from '@koa/router'
import { checkerOf } from '@order-saga/contracts'
import {
  callerOf,
  type Database,
  invalidField,
  notFound,
  Problem,
  type ReadLimit,
  requireValid,
} from '@order-saga/chassis'
import type { Acceptance, AcceptOrder, AcceptResult } from '../accept-orders.ts'
import { newOrderOf } from '../new-order.ts'
import { listOrders, readOrder } from '../store/read-orders.ts'
import { idempotencyOf } from './idempotency-key.ts'
import { orderAnswer } from './order-answer.ts'
import { NewOrderBody, OrdersQuery } from './order-request.ts'
import { cut, pageOf } from './page.ts'
import { idOf } from './path-id.ts'

export interface OrderRoutes {
  readonly database: Database
  readonly reads: ReadLimit
  readonly accept: AcceptOrder
}

const checkBody = checkerOf(NewOrderBody)
const checkQuery = checkerOf(OrdersQuery)

export function addOrderRoutes(router: Router, { database, reads, accept }: OrderRoutes): void {
  router.post('/orders', async (ctx) => {
    const caller = callerOf(ctx)
    const given = requireValid(checkBody((ctx.request as { body?: unknown }).body))
    const body = caller?.owner === undefined ? given : { ...given, customerId: caller.owner }
    const order = newOrderOf(body)
    if ('field' in order) throw invalidField(order.field, order.message)
    const traceparent = ctx.state['traceparent'] as string | undefined
    const result = await accept({ order, idempotency: idempotencyOf(ctx.req, body, caller), traceparent })
    const { orderId, sagaId, replayed } = acceptanceOf(result)
    ctx.status = 202
    ctx.set('location', `/orders/${orderId}`)
    if (replayed) ctx.set('idempotent-replayed', 'true')
    ctx.body = { status: 'accepted', orderId, sagaId, message: 'Order created, saga started' }
  })

  router.get('/orders', async (ctx) => {
    const query = requireValid(checkQuery(ctx.query))
    const page = pageOf(query)
    const customerId = callerOf(ctx)?.owner ?? query.customerId
    if (query.customerId !== undefined && query.customerId !== customerId) {
      ctx.body = { orders: [], nextCursor: null }
      return
    }
    const filter = { status: query.status, customerId }
    const found = await reads.run(() => listOrders(database, filter, { ...page, limit: page.limit + 1 }))
    const { rows, nextCursor } = cut(found, page, ({ orderId }) => orderId)
    ctx.body = { orders: rows.map(orderAnswer), nextCursor }
  })

  router.get('/orders/:orderId', async (ctx) => {
    const orderId = idOf('order', ctx.params['orderId'])
    const order = await reads.run(() => readOrder(database, orderId))
    const customerId = callerOf(ctx)?.owner
    if (order === undefined || (customerId !== undefined && order.customerId !== customerId)) {
      throw notFound(`The order ${orderId}`)
    }
    ctx.body = orderAnswer(order)
  })
}

/** @throws Problem 409 or 422 for a conflict of keys */
function acceptanceOf(result: AcceptResult): Acceptance {
  switch (result.kind) {
    case 'accepted':
      return result
    case 'key_in_use':
      throw new Problem(409, 'A request with this Idempotency-Key is still being worked on, try again.', {
        headers: { 'retry-after': '1' },
      })
    case 'key_of_another_order':
      throw new Problem(422, 'This Idempotency-Key was used for a request with another body.')
  }
}
