import type { DeadLetter } from '@order-saga/chassis'
import type { Verdict } from '../foresee/foresight.ts'
import { verdictWords } from '../foresee/foresight.ts'
import type { Result } from '../result.ts'
import { counted, table } from '../table.ts'
import type { Selection } from './selection.ts'

/** What became, or would become, of one dead letter. */
export interface Moved {
  readonly letter: DeadLetter
  readonly outcome: 'replayed' | 'discarded' | 'failed' | 'would_discard' | Verdict
  /** Why it failed, or what it would do. */
  readonly why?: string | undefined
}

const rowsShown = 50
const words: Readonly<Record<Moved['outcome'], string>> = {
  ...verdictWords,
  replayed: 'replayed',
  discarded: 'discarded',
  failed: 'failed',
  would_discard: 'would discard',
}

/** The result of `replay` and `discard`: it is wrong when one failed, or an id was not there, or it was cut short. */
export function movedResult(moved: readonly Moved[], selection: Selection, stopped: boolean): Result {
  const counts: Partial<Record<Moved['outcome'], number>> = {}
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
      ? 'no dead letter is meant'
      : Object.entries(counts)
          .map(([outcome, count]) => `${words[outcome as Moved['outcome']]}: ${counted(count, 'dead letter')}`)
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
