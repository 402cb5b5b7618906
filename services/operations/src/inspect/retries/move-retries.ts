import { forward, type Publisher } from '@order-saga/chassis'
import type { MoveSources } from '../dead-letters/move.ts'
import { moveRecorded, publishTo } from '../move-recorded.ts'
import { type Act, type Actor, assertRecordable } from '../operator-acts.ts'
import { isMovable, type RetryMessage, type RetryQueue } from './retry-message.ts'
import { type FoundRetry, scanRetries } from './scan-retries.ts'

export interface MovedRetry {
  readonly retry: RetryMessage
  /** Absent if moved; otherwise it is still in the retry queue. */
  readonly failure?: string
}

/**
 * Moves the messages of a retry queue that are stuck or of unknown age to the main queue, as the broker should have done,
 * with their attempt unchanged, except forged ones. They are recorded as replays.
 * @throws NotDone when acts cannot be recorded
 */
export async function moveRetries(sources: MoveSources, from: RetryQueue, actor: Actor): Promise<MovedRetry[]> {
  const orders = sources.databases.order
  await orders.change(assertRecordable)
  const publisher = await sources.publisher()
  const target = from.place.consumed[0]
  const moved: MovedRetry[] = []
  const { now, signal } = sources
  await scanRetries(await sources.broker(), { queues: [from], now, signal }, async (found, take) => {
    const stuck = found.filter(({ retry }) => isMovable(retry))
    const moves = stuck.map((one) => ({
      act: moveOf(one),
      publish: () => publish(publisher, target, one),
      remove: () => take(one),
    }))
    const failures = await moveRecorded(orders, actor, moves)
    for (const [i, { retry }] of stuck.entries()) {
      const failure = failures[i]
      moved.push(failure === undefined ? { retry } : { retry, failure })
    }
  })
  return moved
}

function moveOf({ retry }: FoundRetry): Act {
  const { id, queue, event, sagaId, reason, attempt } = retry
  return { act: 'replay', subject: id, place: queue, event, sagaId, detail: { reason, attempts: attempt } }
}

async function publish(
  publisher: Pick<Publisher, 'publish'>,
  queue: string,
  { retry, message, provenance }: FoundRetry,
): Promise<void> {
  if (retry.refusal !== undefined) throw new Error(retry.refusal)
  const { options } = forward(message, provenance)
  await publishTo(publisher, queue, queue, { content: message.content, options })
}
