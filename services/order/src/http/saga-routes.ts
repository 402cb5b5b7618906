import type { Router } from '@koa/router'
import { checkerOf, type QueueNames } from '@order-saga/contracts'
import { callerOf, type Database, notFound, type ReadLimit, requireValid } from '@order-saga/chassis'
import { explain } from '../domain/explain.ts'
import { readSagaFacts } from '../store/read-saga-facts.ts'
import { listSagas, listSagasOf, readSaga, type StoredSaga } from '../store/read-sagas.ts'
import type { UsualTimes } from '../store/read-step-times.ts'
import { explainAnswer } from './explain-answer.ts'
import { sagaSummary } from './order-answer.ts'
import { SagasQuery } from './order-request.ts'
import { cut, idAfter, pageOf } from './page.ts'
import { idOf } from './path-id.ts'

export interface SagaRoutes {
  readonly database: Database
  readonly reads: ReadLimit
  readonly usual: UsualTimes
  readonly now: () => Date
  readonly queues: QueueNames
}

const checkQuery = checkerOf(SagasQuery)

export function addSagaRoutes(router: Router, { database, reads, usual, now, queues }: SagaRoutes): void {
  router.get('/sagas', async (ctx) => {
    const { status, olderThanMs, ...rest } = requireValid(checkQuery(ctx.query))
    const page = pageOf(rest)
    const youngest = olderThanMs === undefined ? page.before : idAfter(now().getTime() - Number(olderThanMs))
    const part = { before: youngest < page.before ? youngest : page.before, limit: page.limit + 1 }
    const customerId = callerOf(ctx)?.owner
    const found = await reads.run(() =>
      customerId === undefined
        ? listSagas(database, { status }, part)
        : listSagasOf(database, customerId, { status }, part),
    )
    // The list of a customer is in the order of its orders.
    const cursorId = ({ sagaId, orderId }: StoredSaga): string => (customerId === undefined ? sagaId : orderId)
    const { rows, nextCursor } = cut(found, page, cursorId)
    ctx.body = { sagas: rows.map(sagaSummary), nextCursor }
  })

  router.get('/sagas/:sagaId', async (ctx) => {
    const sagaId = idOf('saga', ctx.params['sagaId'])
    const customerId = callerOf(ctx)?.owner
    const saga = await reads.run(() => readSaga(database, sagaId, customerId))
    if (saga === undefined) throw notFound(`The saga ${sagaId}`)
    ctx.body = { ...sagaSummary(saga), history: saga.history }
  })

  router.get('/sagas/:sagaId/explain', async (ctx) => {
    const sagaId = idOf('saga', ctx.params['sagaId'])
    const customerId = callerOf(ctx)?.owner
    const [saga, times] = await reads.run(() =>
      Promise.all([readSagaFacts(database, sagaId, { queues, customerId }), usual()]),
    )
    if (saga === undefined) throw notFound(`The saga ${sagaId}`)
    const at = now()
    ctx.body = explainAnswer(saga, explain(saga, times, at), at)
  })
}
