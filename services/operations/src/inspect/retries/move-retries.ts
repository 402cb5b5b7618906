import { forward, messageOf, type Publisher } from '@order-saga/chassis'
import { type MoveSources, publishTo } from '../dead-letters/move.ts'
import { type Act, type Actor, actFailed, actsDone, assertRecordable, beginActs } from '../operator-acts.ts'
import type { RetryMessage, RetryQueue } from './retry-message.ts'
import { type FoundRetry, scanRetries } from './scan-retries.ts'

export interface MovedRetry {
  readonly retry: RetryMessage
  /** Absent if moved; otherwise it is still in the retry queue. */
  readonly failure?: string
}

/**
 * Publishes the messages of a retry queue that are stuck or of unknown age to the main queue, as the broker should have
 * done, with their attempt unchanged, except forged ones. Each is recorded as a replay, published, confirmed, recorded as
 * done, and only then acknowledged: a crash loses none, and the inbox discards a second copy.
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
    const stuck = found.filter(({ retry }) => retry.state !== 'waiting')
    const actIds = await orders.change((database) => beginActs(database, actor, stuck.map(moveOf)))
    const results = await Promise.allSettled(stuck.map((one) => publish(publisher, target, one)))
    const done = actIds.filter((_, i) => results[i]?.status === 'fulfilled')
    await orders.change((database) => actsDone(database, done, actor.now()))
    for (const [i, one] of stuck.entries()) {
      const result = results[i] as (typeof results)[number]
      if (result.status === 'fulfilled') {
        take(one)
        moved.push({ retry: one.retry })
      } else {
        const failure = messageOf(result.reason)
        await orders.change((database) => actFailed(database, actIds[i] ?? '', failure, actor.now()))
        moved.push({ retry: one.retry, failure })
      }
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
