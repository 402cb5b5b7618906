import { discardOf, type MoveSources } from '../dead-letters/move.ts'
import { removeRecorded } from '../move-recorded.ts'
import type { Actor } from '../operator-acts.ts'
import type { RetryMessage, RetryQueue } from './retry-message.ts'
import { scanRetries } from './scan-retries.ts'

/** Messages of a retry queue that wait for a newer release of their consumer; each part that is given must match. */
export interface UnreadableSelection {
  readonly from: RetryQueue
  readonly ids?: readonly string[] | undefined
  readonly event?: string | undefined
}

/**
 * Removes the selected messages permanently. Each is recorded with its content before it is acknowledged.
 * @throws NotDone when acts cannot be recorded
 */
export async function discardRetries(
  sources: MoveSources,
  selection: UnreadableSelection,
  actor: Actor,
): Promise<RetryMessage[]> {
  const discarded: RetryMessage[] = []
  const { now, signal } = sources
  const model = await sources.broker()
  await removeRecorded(sources.databases.order, actor, (remove) =>
    scanRetries(model, { queues: [selection.from], now, signal }, async (found, take) => {
      const chosen = found.filter(({ retry }) => isSelected(retry, selection))
      const acts = chosen.map((one) => ({ ...discardOf(one), place: one.retry.queue }))
      await remove(acts, () => chosen.forEach(take))
      discarded.push(...chosen.map(({ retry }) => retry))
    }),
  )
  return discarded
}

export function isSelected({ id, event, state }: RetryMessage, { ids, event: wanted }: UnreadableSelection): boolean {
  return state === 'unreadable' && (ids?.includes(id) ?? true) && (wanted === undefined || wanted === event)
}
