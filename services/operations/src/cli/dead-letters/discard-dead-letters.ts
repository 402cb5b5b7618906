import { discardDeadLetters } from '../../inspect/dead-letters/move.ts'
import { type Scan, scanDeadLetters } from '../../inspect/dead-letters/scan.ts'
import type { Actor } from '../../inspect/operator-acts.ts'
import type { CommandContext } from '../command-context.ts'
import type { Result } from '../result.ts'
import { type MoveOutcome, moveResult } from './move-result.ts'

/** Removes dead letters for good. */
export async function discard(context: CommandContext, scan: Scan, actor: Actor): Promise<Result> {
  const discarded = await discardDeadLetters(context, scan, actor)
  const outcomes = discarded.map(({ letter }): MoveOutcome => ({ letter, outcome: 'discarded' }))
  return moveResult(outcomes, scan.selection, context.signal.aborted)
}

/** What would be removed; changes nothing. */
export async function previewDiscards(context: CommandContext, scan: Scan): Promise<Result> {
  const outcomes: MoveOutcome[] = []
  await scanDeadLetters(context, scan, async (found) => {
    outcomes.push(...found.map(({ letter }): MoveOutcome => ({ letter, outcome: 'would_discard', why: letter.reason })))
  })
  return moveResult(outcomes, scan.selection, context.signal.aborted)
}
