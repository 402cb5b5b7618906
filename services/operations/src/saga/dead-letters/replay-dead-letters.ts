import { type Actor, replayFound } from '@order-saga/chassis'
import { assertRecordable } from '../acts/assert-recordable.ts'
import { foresee } from '../foresee/foresee.ts'
import type { Result } from '../result.ts'
import type { Workplace } from '../workplace.ts'
import { type Moved, movedResult } from './moved.ts'
import { readDeadLetters } from './read-dead-letters.ts'
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
    const ends = await replayFound(found, take, {
      actor,
      using: (work) => workplace.using('order', work),
      put: (queue, content, options) => broker.put(queue, content, options),
    })
    moved.push(
      ...ends.map(({ letter, failure }): Moved =>
        failure === undefined ? { letter, outcome: 'replayed' } : { letter, outcome: 'failed', why: failure },
      ),
    )
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
