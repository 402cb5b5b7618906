import type { Router } from '@koa/router'
import { checkerOf } from '@order-saga/contracts'
import { notFound, requireValid } from '@order-saga/chassis'
import { Type } from 'typebox'
import { SagasQuery } from '../http/order-request.ts'
import { cut, pageOf } from '../http/page.ts'
import { idOf } from '../http/path-id.ts'
import { usualTimes } from '../store/read-step-times.ts'
import { mayRead } from './access.ts'
import { pageHeaders, readAssets } from './assets.ts'
import type { Console } from './console.ts'
import { addDeadLetterRoutes } from './dead-letter-routes.ts'
import type { SagaPage } from './page/answers.ts'
import { listSagaLines } from './read-overview.ts'
import { readSagaDetail } from './saga-detail.ts'

const checkQuery = checkerOf(Type.Omit(SagasQuery, ['olderThanMs'], { additionalProperties: false }))

/** The console: its page, which holds no data and is open, and what the page shows, which may need the token. */
export function addConsoleRoutes(router: Router, console: Console): void {
  const { database, now } = console.options
  const read = mayRead(console.options)
  const usual = usualTimes(database, now)

  for (const [path, { type, body }] of readAssets()) {
    router.get(path === '' ? '/console' : `/console/${path}`, (ctx) => {
      // The page names its files relative to its own address, wherever a proxy puts it.
      if (ctx.path.endsWith('/')) return ctx.redirect('../console')
      ctx.set(pageHeaders)
      ctx.type = type
      ctx.body = body
    })
  }

  router.get('/console/overview', read, async (ctx) => {
    ctx.body = await console.overview()
  })

  router.get('/console/events', read, (ctx) => {
    ctx.body = console.live.join()
    ctx.set('content-type', 'text/event-stream')
    // Proxies that gather an answer before they pass it on are told not to.
    ctx.set('x-accel-buffering', 'no')
  })

  router.get('/console/sagas', read, async (ctx) => {
    const { status, ...rest } = requireValid(checkQuery(ctx.query))
    const page = pageOf(rest)
    const found = await console.patience.run(() => listSagaLines(database, status, { ...page, limit: page.limit + 1 }))
    const { rows, nextCursor } = cut(found, page, ({ sagaId }) => sagaId)
    ctx.body = { sagas: rows, nextCursor } satisfies SagaPage
  })

  router.get('/console/sagas/:id', read, async (ctx) => {
    const id = idOf('saga', ctx.params['id'])
    const saga = await readSagaDetail(console, usual, id)
    if (saga === undefined) throw notFound(`A saga or order ${id}`)
    ctx.body = saga
  })

  addDeadLetterRoutes(router, console)
}
