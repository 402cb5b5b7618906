import type { DeadLetter } from '../../inspect/dead-letters/dead-letter.ts'
import { discardDeadLetters, replayDeadLetters } from '../../inspect/dead-letters/move.ts'
import { type Scan, scanDeadLetters } from '../../inspect/dead-letters/scan.ts'
import type { Selection } from '../../inspect/dead-letters/selection.ts'
import type { Actor } from '../../inspect/operator-acts.ts'
import type { CommandContext } from '../command-context.ts'
import { previewReplay } from '../preview/preview-replay.ts'
import { type ReplayResult, replayResultWords } from '../preview/preview-reaction.ts'
import { deprecatedResult, type Result } from '../result.ts'
import { tableOf } from '../text.ts'
import { counted } from '../../audit/format-report.ts'

interface MoveOutcome {
  readonly letter: DeadLetter
  readonly result: 'replayed' | 'discarded' | 'failed' | 'would_discard' | ReplayResult
  readonly why?: string | undefined
  readonly untested?: readonly string[] | undefined
}

const rowsShown = 50
const words: Readonly<Record<MoveOutcome['result'], string>> = {
  ...replayResultWords,
  replayed: 'replayed',
  discarded: 'discarded',
  failed: 'failed',
  would_discard: 'would discard',
}

/** The result has a finding when one failed, an id does not exist, or the command was stopped. */
function moveResult(moved: readonly MoveOutcome[], selection: Selection, stopped: boolean): Result {
  const counts: Partial<Record<MoveOutcome['result'], number>> = {}
  for (const { result } of moved) counts[result] = (counts[result] ?? 0) + 1
  const deprecatedCounts = Object.fromEntries(
    Object.entries(counts).map(([result, count]) => [deprecatedResult(result), count]),
  )
  const missing = (selection.ids ?? []).filter((id) => !moved.some(({ letter }) => letter.id === id))
  const rows = moved
    .toSorted((one, other) => Number(other.result === 'failed') - Number(one.result === 'failed'))
    .slice(0, rowsShown)
    .map(({ letter, result, why }) => [letter.id, letter.queue, letter.event, words[result], why ?? ''])
  const lines = [
    ...tableOf(['ID', 'QUEUE', 'EVENT', 'OUTCOME', 'WHY'], rows),
    ...(moved.length > rows.length ? [`and ${moved.length - rows.length} more`] : []),
    ...missing.map((id) => `No dead letter has the id ${id}: see dead-letters list.`),
    ...untestedIn(moved),
    ...(stopped ? ['Stopped: the other dead letters are unchanged.'] : []),
    moved.length === 0
      ? 'no dead letter is selected'
      : Object.entries(counts)
          .map(([result, count]) => `${words[result as MoveOutcome['result']]}: ${counted(count, 'dead letter')}`)
          .join(', '),
  ]
  return {
    items: moved.map(({ letter, result, why, untested }) => ({
      id: letter.id,
      queue: letter.queue,
      event: letter.event,
      sagaId: letter.sagaId,
      orderId: letter.orderId,
      attempts: letter.attempts,
      replays: letter.replays.length,
      result,
      outcome: deprecatedResult(result),
      why,
      untested,
    })),
    summary: { ...deprecatedCounts, ...counts, missing, stopped },
    text: lines.join('\n'),
    wrong: (counts.failed ?? 0) > 0 || missing.length > 0 || stopped,
  }
}

/** A preview is not a promise: it names what it could not run. */
function untestedIn(moved: readonly MoveOutcome[]): string[] {
  const previews = moved.filter(({ untested }) => untested !== undefined)
  if (previews.length === 0) return []
  const parts = new Set(previews.flatMap(({ untested = [] }) => untested))
  const rest = 'the state at the time of the replay, and the effect of one replay on the next'
  const done = previews.some(({ untested = [] }) => untested.length === 0 || !untested[0]?.startsWith('its writes'))
  return [`${done ? 'Writes were executed and rolled back. ' : ''}Not tested: ${[...parts, rest].join('; ')}.`]
}

export async function replay(context: CommandContext, scan: Scan, actor: Actor): Promise<Result> {
  const moved = await replayDeadLetters(context, scan, actor)
  const outcomes = moved.map(({ letter, failure }): MoveOutcome =>
    failure === undefined ? { letter, result: 'replayed' } : { letter, result: 'failed', why: failure },
  )
  return moveResult(outcomes, scan.selection, context.signal.aborted)
}

export async function previewReplays(context: CommandContext, scan: Scan): Promise<Result> {
  const outcomes: MoveOutcome[] = []
  await scanDeadLetters(context, scan, async (found) => {
    for (const one of found) {
      if (context.signal.aborted) return
      outcomes.push({ letter: one.letter, ...(await previewReplay(context, one)) })
    }
  })
  return moveResult(outcomes, scan.selection, context.signal.aborted)
}

export async function discard(context: CommandContext, scan: Scan, actor: Actor): Promise<Result> {
  const discarded = await discardDeadLetters(context, scan, actor)
  const outcomes = discarded.map(({ letter }): MoveOutcome => ({ letter, result: 'discarded' }))
  return moveResult(outcomes, scan.selection, context.signal.aborted)
}

export async function previewDiscards(context: CommandContext, scan: Scan): Promise<Result> {
  const outcomes: MoveOutcome[] = []
  await scanDeadLetters(context, scan, async (found) => {
    outcomes.push(...found.map(({ letter }): MoveOutcome => ({ letter, result: 'would_discard', why: letter.reason })))
  })
  return moveResult(outcomes, scan.selection, context.signal.aborted)
}
