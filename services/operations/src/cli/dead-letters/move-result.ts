import type { DeadLetter } from '../../inspect/dead-letters/dead-letter.ts'
import type { Selection } from '../../inspect/dead-letters/selection.ts'
import { type Verdict, verdictWords } from '../preview/replay-preview.ts'
import type { Result } from '../result.ts'
import { counted, table } from '../table.ts'

/** What became, or would become, of one dead letter. */
export interface MoveOutcome {
  readonly letter: DeadLetter
  readonly outcome: 'replayed' | 'discarded' | 'failed' | 'would_discard' | Verdict
  /** Why it failed, or what it would do. */
  readonly why?: string | undefined
}

const rowsShown = 50
const words: Readonly<Record<MoveOutcome['outcome'], string>> = {
  ...verdictWords,
  replayed: 'replayed',
  discarded: 'discarded',
  failed: 'failed',
  would_discard: 'would discard',
}

/** The result of `replay` and `discard`: it is wrong when one failed, or an id was not there, or it was cut short. */
export function moveResult(moved: readonly MoveOutcome[], selection: Selection, stopped: boolean): Result {
  const counts: Partial<Record<MoveOutcome['outcome'], number>> = {}
  for (const { outcome } of moved) counts[outcome] = (counts[outcome] ?? 0) + 1
  const missing = (selection.ids ?? []).filter((id) => !moved.some(({ letter }) => letter.id === id))
  // Trouble first, for it must be among those shown.
  const rows = moved
    .toSorted((one, other) => Number(other.outcome === 'failed') - Number(one.outcome === 'failed'))
    .slice(0, rowsShown)
    .map(({ letter, outcome, why }) => [letter.id, letter.queue, letter.event, words[outcome], why ?? ''])
  const lines = [
    ...(rows.length === 0 ? [] : [table(['ID', 'QUEUE', 'EVENT', 'OUTCOME', 'WHY'], rows)]),
    ...(moved.length > rows.length ? [`and ${moved.length - rows.length} more`] : []),
    ...missing.map((id) => `No dead letter has the id ${id}: dead-letters list shows them.`),
    ...(stopped ? ['Stopped before the end: what was not reached is where it was.'] : []),
    moved.length === 0
      ? 'no dead letter is selected'
      : Object.entries(counts)
          .map(([outcome, count]) => `${words[outcome as MoveOutcome['outcome']]}: ${counted(count, 'dead letter')}`)
          .join(', '),
  ]
  return {
    items: moved.map(({ letter, outcome, why }) => ({
      id: letter.id,
      queue: letter.queue,
      event: letter.event,
      sagaId: letter.sagaId,
      orderId: letter.orderId,
      attempts: letter.attempts,
      replays: letter.replays.length,
      outcome,
      why,
    })),
    summary: { ...counts, missing, stopped },
    text: lines.join('\n'),
    wrong: (counts.failed ?? 0) > 0 || missing.length > 0 || stopped,
  }
}
