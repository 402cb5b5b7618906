import { messageOf } from '@order-saga/chassis'
import { type Act, actFailed, type Actor, actsDone, assertRecordable, beginActs } from '../acts/acts.ts'
import { foresee } from '../foresee/foresee.ts'
import type { Result } from '../result.ts'
import type { Workplace } from '../workplace.ts'
import type { DeadLetter } from './dead-letter.ts'
import { type Moved, movedResult } from './moved.ts'
import { type Found, readDeadLetters } from './read-dead-letters.ts'
import { replayed } from './replayed.ts'
import { assertEvent, type Selection } from './selection.ts'

/**
 * Puts dead letters back into the queues they died in. Each is recorded, published and confirmed, recorded as done, and
 * only then acknowledged: killed at any point, this loses none, and the copy of one that was already back is harmless,
 * because the consumer knows its id.
 */
export async function replayDeadLetters(
  workplace: Workplace,
  selection: Selection,
  limit: number,
  actor: Actor,
): Promise<Result> {
  assertEvent(selection.event)
  await workplace.using('order', assertRecordable)
  const broker = await workplace.broker()
  const moved: Moved[] = []
  await readDeadLetters(workplace, selection, limit, async (found, take) => {
    const actIds = await workplace.using('order', (database) => beginActs(database, actor, found.map(actOf)))
    const ends = await Promise.allSettled(
      found.map((one) => broker.put(one.letter.queue, one.message.content, replayed(one, actor))),
    )
    const put = actIds.filter((_, i) => ends[i]?.status === 'fulfilled')
    await workplace.using('order', (database) => actsDone(database, put, actor.now()))
    for (const [i, one] of found.entries()) {
      const end = ends[i] as (typeof ends)[number]
      if (end.status === 'fulfilled') {
        take(one)
        moved.push({ letter: one.letter, outcome: 'replayed' })
      } else {
        const why = messageOf(end.reason)
        await workplace.using('order', (database) => actFailed(database, actIds[i] ?? '', why))
        moved.push({ letter: one.letter, outcome: 'failed', why })
      }
    }
  })
  return movedResult(moved, selection, workplace.signal.aborted)
}

/** What each would do if it were replayed now, each judged by itself; changes nothing. */
export async function foreseeReplay(workplace: Workplace, selection: Selection, limit: number): Promise<Result> {
  assertEvent(selection.event)
  const moved: Moved[] = []
  await readDeadLetters(workplace, selection, limit, async (found) => {
    for (const { letter, message } of found) {
      if (workplace.signal.aborted) return
      const { verdict, why } = await foresee(workplace, letter.service, message)
      moved.push({ letter, outcome: verdict, why })
    }
  })
  return movedResult(moved, selection, workplace.signal.aborted)
}

function actOf({ letter }: Found): Act {
  return { act: 'replay', ...aboutDeadLetter(letter), detail: { reason: letter.reason, attempts: letter.attempts } }
}

export function aboutDeadLetter(letter: DeadLetter): Pick<Act, 'subject' | 'place' | 'event' | 'sagaId'> {
  return { subject: letter.id, place: letter.queue, event: letter.event, sagaId: letter.sagaId }
}
