import type { Router } from '@koa/router'
import { checkerOf, services } from '@order-saga/contracts'
import { requireValid } from '@order-saga/chassis'
import { Type } from 'typebox'
import { mayAct, mayRead } from './access.ts'
import type { Console } from './console.ts'
import type { DeadLetters } from './page/answers.ts'

const mostAtOnce = 500
const printable = { not: { pattern: '[\\p{Cc}\\p{Cs}]' } }

const ActBody = Type.Object(
  {
    deadLetters: Type.Array(
      Type.Object(
        { service: Type.Enum([...services]), id: Type.String({ minLength: 1, maxLength: 255 }) },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: mostAtOnce, description: `a list of 1 to ${mostAtOnce} dead letters` },
    ),
    operator: Type.String({ minLength: 1, maxLength: 100, ...printable, description: 'who acts, 1 to 100 characters' }),
    reason: Type.String({ minLength: 1, maxLength: 500, ...printable, description: 'why, 1 to 500 characters' }),
  },
  { additionalProperties: false, description: 'a JSON object' },
)
const checkBody = checkerOf(ActBody)

/** Dead letters: to be read, and where the console may act, replayed and discarded. */
export function addDeadLetterRoutes(router: Router, console: Console): void {
  const { now, newId } = console.options
  const read = mayRead(console.options)
  const act = mayAct(console.options)

  router.get('/console/dead-letters', read, async (ctx) => {
    const { letters, tooMany } = await console.deadLetters.list()
    ctx.body = {
      deadLetters: letters.map((letter) => ({
        id: letter.id,
        service: letter.service,
        queue: letter.queue,
        event: letter.event,
        sagaId: letter.sagaId ?? null,
        reason: letter.reason,
        attempts: letter.attempts,
        replays: letter.replays.length,
        diedAt: letter.diedAt?.toISOString() ?? null,
      })),
      tooMany,
    } satisfies DeadLetters
  })

  for (const name of ['replay', 'discard'] as const) {
    router.post(`/console/dead-letters/${name}`, read, act, async (ctx) => {
      const { deadLetters, operator, reason } = requireValid(checkBody((ctx.request as { body?: unknown }).body))
      ctx.body = await console.deadLetters.act(name, deadLetters, { runId: newId(), operator, reason, now })
    })
  }
}
