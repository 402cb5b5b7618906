import type { Router } from '@koa/router'
import { checkerOf, type QueueNames } from '@order-saga/contracts'
import { type Database, notFound, type RequestDeadline, requireValid } from '@order-saga/chassis'
import { explain } from '../domain/explain.ts'
import { readSagaFacts } from '../store/read-saga-facts.ts'
import { listSagas, readSaga } from '../store/read-sagas.ts'
import type { UsualTimes } from '../store/read-step-times.ts'
import { explainAnswer } from './explain-answer.ts'
import { sagaSummary } from './order-answer.ts'
import { SagasQuery } from './order-request.ts'
import { cut, pageOf } from './page.ts'
import { idOf } from './path-id.ts'

export interface SagaRoutes {
  readonly database: Database
  readonly requestDeadline: RequestDeadline
  readonly usual: UsualTimes
  readonly now: () => Date
  readonly queues: QueueNames
}

const checkQuery = checkerOf(SagasQuery)

export function addSagaRoutes(router: Router, { database, requestDeadline, usual, now, queues }: SagaRoutes): void {
  router.get('/sagas', async (ctx) => {
    const { status, olderThanMs, ...rest } = requireValid(checkQuery(ctx.query))
    const page = pageOf(rest)
    const createdBefore = olderThanMs === undefined ? undefined : new Date(now().getTime() - Number(olderThanMs))
    const found = await requestDeadline.run(() =>
      listSagas(database, { status, createdBefore }, { ...page, limit: page.limit + 1 }),
    )
    const { rows, nextCursor } = cut(found, page, ({ sagaId }) => sagaId)
    ctx.body = { sagas: rows.map(sagaSummary), nextCursor }
  })

  router.get('/sagas/:sagaId', async (ctx) => {
    const sagaId = idOf('saga', ctx.params['sagaId'])
    const saga = await requestDeadline.run(() => readSaga(database, sagaId))
    if (saga === undefined) throw notFound(`The saga ${sagaId}`)
    ctx.body = { ...sagaSummary(saga), history: saga.history }
  })

  router.get('/sagas/:sagaId/explain', async (ctx) => {
    const sagaId = idOf('saga', ctx.params['sagaId'])
    const [saga, times] = await requestDeadline.run(() =>
      Promise.all([readSagaFacts(database, sagaId, queues), usual()]),
    )
    if (saga === undefined) throw notFound(`The saga ${sagaId}`)
    const at = now()
    ctx.body = explainAnswer(saga, explain(saga, times, at), at)
  })
}
