import { discardOf, type MoveSources } from '../dead-letters/move.ts'
import { type Actor, actsDone, assertRecordable, beginActs } from '../operator-acts.ts'
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
  const orders = sources.databases.order
  await orders.change(assertRecordable)
  const discarded: RetryMessage[] = []
  const begun: string[] = []
  const { now, signal } = sources
  await scanRetries(await sources.broker(), { queues: [selection.from], now, signal }, async (found, take) => {
    const chosen = found.filter(({ retry }) => isSelected(retry, selection))
    const acts = chosen.map((one) => ({ ...discardOf(one), place: one.retry.queue }))
    begun.push(...(await orders.change((database) => beginActs(database, actor, acts))))
    for (const one of chosen) take(one)
    discarded.push(...chosen.map(({ retry }) => retry))
  })
  // The broker does not confirm an ack, but by now it has confirmed the close of the channels.
  await orders.change((database) => actsDone(database, begun, actor.now()))
  return discarded
}

export function isSelected({ id, event, state }: RetryMessage, { ids, event: wanted }: UnreadableSelection): boolean {
  return state === 'unreadable' && (ids?.includes(id) ?? true) && (wanted === undefined || wanted === event)
}
