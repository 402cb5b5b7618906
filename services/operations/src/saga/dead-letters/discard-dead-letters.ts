import { type Actor, actsDone, discardFound } from '@order-saga/chassis'
import { assertRecordable } from '../acts/assert-recordable.ts'
import type { Result } from '../result.ts'
import type { Workplace } from '../workplace.ts'
import { type Moved, movedResult } from './moved.ts'
import { readDeadLetters } from './read-dead-letters.ts'
import { assertEvent, type Selection } from './selection.ts'

/**
 * Takes dead letters away for good. Each is recorded whole before it goes, so that what was thrown away can be read, and
 * a run that was cut off shows what it was about to take.
 */
export async function discardDeadLetters(
  workplace: Workplace,
  selection: Selection,
  limit: number,
  actor: Actor,
): Promise<Result> {
  assertEvent(selection.event)
  await workplace.using('order', assertRecordable)
  const moved: Moved[] = []
  const taken: string[] = []
  await readDeadLetters(workplace, selection, limit, async (found, take) => {
    taken.push(...(await discardFound(found, take, { actor, using: (work) => workplace.using('order', work) })))
    moved.push(...found.map(({ letter }): Moved => ({ letter, outcome: 'discarded' })))
  })
  // An ack is not confirmed; but the channels it went by have been closed in good order, and that is.
  await workplace.using('order', (database) => actsDone(database, taken, actor.now()))
  return movedResult(moved, selection, workplace.signal.aborted)
}

/** What would be taken away; changes nothing. */
export async function foreseeDiscard(workplace: Workplace, selection: Selection, limit: number): Promise<Result> {
  assertEvent(selection.event)
  const moved: Moved[] = []
  await readDeadLetters(workplace, selection, limit, async (found) => {
    moved.push(...found.map(({ letter }): Moved => ({ letter, outcome: 'would_discard', why: letter.reason })))
  })
  return movedResult(moved, selection, workplace.signal.aborted)
}
