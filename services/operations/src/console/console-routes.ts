import type { Router } from '@koa/router'
import { checkerOf, services, Uuid } from '@order-saga/contracts'
import { notFound, Problem, requireValid, unavailable } from '@order-saga/chassis'
import { blockerKinds, sagaStatuses } from '@order-saga/order'
import { Type } from 'typebox'
import { uuid } from '../inspect/dead-letters/dead-letter.ts'
import { NotDone } from '../inspect/stores.ts'
import { type Access, actingOperator, mayRead } from './access.ts'
import { pageHeaders, readAssets } from './assets.ts'
import { type Console, json } from './console.ts'
import type { DeadLetters } from './page/answers.ts'

const strict = { additionalProperties: false } as const
const mostAtOnce = 500
const printable = { not: { pattern: '[\\p{Cc}\\p{Cs}]' } }

const reasonText = Type.String({
  minLength: 1,
  maxLength: 500,
  ...printable,
  description: 'reason, 1 to 500 characters',
})

const checkQuery = checkerOf(
  Type.Object(
    {
      status: Type.Optional(Type.Enum([...sagaStatuses], { description: `one of ${sagaStatuses.join(', ')}` })),
      violations: Type.Optional(Type.Literal('true', { description: 'true' })),
      customer: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
      blocked: Type.Optional(
        Type.Enum(['any', ...blockerKinds], { description: `any or one of ${blockerKinds.join(', ')}` }),
      ),
      olderThanMs: Type.Optional(
        Type.String({ pattern: '^[0-9]{1,12}$', description: 'an integer of at most 12 digits' }),
      ),
      limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]?|100)$', description: 'an integer from 1 to 100' })),
      after: Type.Optional(Uuid),
    },
    strict,
  ),
)
const checkBody = checkerOf(
  Type.Object(
    {
      deadLetters: Type.Optional(
        Type.Array(
          Type.Object({ service: Type.Enum([...services]), id: Type.String({ minLength: 1, maxLength: 255 }) }, strict),
          { minItems: 1, maxItems: mostAtOnce, description: `a list of 1 to ${mostAtOnce} dead letters` },
        ),
      ),
      group: Type.Optional(Type.String({ pattern: '^[0-9a-f]{12}$', description: 'the id of a group' })),
      reason: reasonText,
    },
    { ...strict, description: 'a JSON object' },
  ),
)
const checkRelease = checkerOf(
  Type.Object(
    {
      events: Type.Array(Uuid, { minItems: 1, maxItems: mostAtOnce, description: `a list of 1 to ${mostAtOnce} ids` }),
      reason: reasonText,
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
    const query = requireValid(checkQuery(ctx.query))
    const { status, violations, customer: customerId, blocked, olderThanMs = '0', after, limit = '20' } = query
    const createdBefore = new Date(console.sources.now().getTime() - Number(olderThanMs))
    const filter = { status, violations: violations === 'true', customerId, createdBefore }
    const page = { ...filter, after, limit: Number(limit), order: 'newest first' } as const
    ctx.body = await console.list(page, blocked)
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
      const { deadLetters, group, reason } = requireValid(checkBody((ctx.request as { body?: unknown }).body))
      const chosen = deadLetters ?? group
      if (chosen === undefined || (deadLetters !== undefined && group !== undefined)) {
        throw new Problem(422, 'Give either deadLetters or group.')
      }
      const by = { runId: access.newId(), operator, reason, now: console.sources.now }
      ctx.body = await orUnavailable(console.deadLetters.move(move, chosen, by))
    })
  }

  router.get('/console/parked', read, async (ctx) => {
    ctx.body = await console.parked()
  })

  router.post('/console/parked/release', read, async (ctx) => {
    const operator = actingOperator(ctx, access)
    const { events, reason } = requireValid(checkRelease((ctx.request as { body?: unknown }).body))
    const by = { runId: access.newId(), operator, reason, now: console.sources.now }
    ctx.body = await orUnavailable(console.release(events, by))
  })
}

/** @throws Problem 503 instead of NotDone */
async function orUnavailable<T>(result: Promise<T>): Promise<T> {
  return await result.catch((error: unknown) => {
    throw error instanceof NotDone ? unavailable(error.message) : error
  })
}
