import { type MovedLetter, replayDeadLetters } from '../../inspect/dead-letters/move.ts'
import { type Scan, scanDeadLetters } from '../../inspect/dead-letters/scan.ts'
import type { Actor } from '../../inspect/operator-acts.ts'
import type { CommandContext } from '../command-context.ts'
import { previewReplay } from '../preview/preview-replay.ts'
import type { Result } from '../result.ts'
import { type MoveOutcome, moveResult } from './move-result.ts'

/** Puts dead letters back into the queues they were consumed from. */
export async function replay(context: CommandContext, scan: Scan, actor: Actor): Promise<Result> {
  const moved = await replayDeadLetters(context, scan, actor)
  const outcomes = moved.map(({ letter, failure }: MovedLetter): MoveOutcome =>
    failure === undefined ? { letter, outcome: 'replayed' } : { letter, outcome: 'failed', why: failure },
  )
  return moveResult(outcomes, scan.selection, context.signal.aborted)
}

/** What each would do if it were replayed now, each considered by itself; changes nothing. */
export async function previewReplays(context: CommandContext, scan: Scan): Promise<Result> {
  const outcomes: MoveOutcome[] = []
  await scanDeadLetters(context, scan, async (found) => {
    for (const { letter, message } of found) {
      if (context.signal.aborted) return
      const { verdict, why } = await previewReplay(context, letter.service, message)
      outcomes.push({ letter, outcome: verdict, why })
    }
  })
  return moveResult(outcomes, scan.selection, context.signal.aborted)
}
