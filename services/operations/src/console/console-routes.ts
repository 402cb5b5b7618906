import type { Router } from '@koa/router'
import { checkerOf, services, Uuid } from '@order-saga/contracts'
import { notFound, Problem, requireValid, unavailable } from '@order-saga/chassis'
import { sagaStatuses } from '@order-saga/order'
import { Type } from 'typebox'
import { uuid } from '../inspect/dead-letters/dead-letter.ts'
import { NotDone } from '../inspect/stores.ts'
import { listSagas } from '../inspect/sagas.ts'
import { type Access, actingOperator, mayRead } from './access.ts'
import { pageHeaders, readAssets } from './assets.ts'
import { type Console, json } from './console.ts'
import type { DeadLetters, SagaPage } from './page/answers.ts'

const strict = { additionalProperties: false } as const
const mostAtOnce = 500
const printable = { not: { pattern: '[\\p{Cc}\\p{Cs}]' } }

const checkQuery = checkerOf(
  Type.Object(
    {
      status: Type.Optional(Type.Enum([...sagaStatuses], { description: `one of ${sagaStatuses.join(', ')}` })),
      violations: Type.Optional(Type.Literal('true', { description: 'true' })),
      limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]?|100)$', description: 'an integer from 1 to 100' })),
      after: Type.Optional(Uuid),
    },
    strict,
  ),
)
const checkBody = checkerOf(
  Type.Object(
    {
      deadLetters: Type.Array(
        Type.Object({ service: Type.Enum([...services]), id: Type.String({ minLength: 1, maxLength: 255 }) }, strict),
        { minItems: 1, maxItems: mostAtOnce, description: `a list of 1 to ${mostAtOnce} dead letters` },
      ),
      reason: Type.String({ minLength: 1, maxLength: 500, ...printable, description: 'reason, 1 to 500 characters' }),
    },
    { ...strict, description: 'a JSON object' },
  ),
)

/** The page, which is public, and its data, which requires an operator unless the console is anonymous. */
export function addConsoleRoutes(
  router: Router,
  console: Console,
  access: Access & { readonly newId: () => string },
): void {
  const read = mayRead(access)

  router.get('/', (ctx) => ctx.redirect('console'))

  for (const [path, { type, body }] of readAssets()) {
    router.get(path === '' ? '/console' : `/console/${path}`, (ctx) => {
      // The page references its files relative to its address, so that it works behind a proxy's path prefix.
      if (ctx.path.endsWith('/')) return ctx.redirect('../console')
      ctx.set(pageHeaders)
      ctx.type = type
      ctx.body = body
    })
  }

  router.get('/console/overview', read, async (ctx) => {
    ctx.body = await console.overview()
  })

  router.get('/console/sagas', read, async (ctx) => {
    const { status, violations, after, limit = '20' } = requireValid(checkQuery(ctx.query))
    const filter = { status, violations: violations === 'true' }
    const page = { ...filter, after, limit: Number(limit), order: 'newest first' } as const
    ctx.body = json(await listSagas(console.sources.databases.order, page)) satisfies SagaPage
  })

  router.get('/console/sagas/:id', read, async (ctx) => {
    const { id = '' } = ctx.params
    if (!uuid.test(id)) throw new Problem(404, `There is no saga ${id}: the id of a saga is a UUID.`)
    const saga = await console.saga(id)
    if (saga === undefined) throw notFound(`A saga or order ${id}`)
    ctx.body = saga
  })

  router.get('/console/dead-letters', read, async (ctx) => {
    ctx.body = json(await orUnavailable(console.deadLetters.list())) satisfies DeadLetters
  })

  for (const move of ['replay', 'discard'] as const) {
    router.post(`/console/dead-letters/${move}`, read, async (ctx) => {
      const operator = actingOperator(ctx, access)
      const { deadLetters, reason } = requireValid(checkBody((ctx.request as { body?: unknown }).body))
      const actor = { runId: access.newId(), operator, reason, now: console.sources.now }
      ctx.body = await orUnavailable(console.deadLetters.move(move, deadLetters, actor))
    })
  }
}

/** @throws Problem 503 instead of NotDone */
async function orUnavailable<T>(result: Promise<T>): Promise<T> {
  return await result.catch((error: unknown) => {
    throw error instanceof NotDone ? unavailable(error.message) : error
  })
}
