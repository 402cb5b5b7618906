import { type QueueNames, retryQueue } from '@order-saga/contracts'
import type { ChannelModel } from 'amqplib'
import { type FoundLetter, foundLetterOf } from '../dead-letters/dead-letter.ts'
import { scanQueue } from '../dead-letters/scan-queue.ts'
import { queuesOfServices, readQueues } from '../queues.ts'
import type { InspectSources } from '../store.ts'
import { type RetryMessage, retryMessageOf, type RetryQueue } from './retry-message.ts'

export interface FoundRetry extends FoundLetter {
  readonly retry: RetryMessage
}

/** Called with the messages of a window; `take` removes one from its queue. */
export type OnRetries = (found: readonly FoundRetry[], take: (one: FoundRetry) => void) => Promise<void>

export interface RetryScan {
  readonly queues: readonly RetryQueue[]
  readonly now: () => Date
  /** Ends the scan after the current window. */
  readonly signal?: AbortSignal | undefined
}

export function retryQueuesOf(names: QueueNames, retryDelaysMs: readonly number[]): RetryQueue[] {
  return queuesOfServices(names).flatMap((place) =>
    retryDelaysMs.map((delayMs) => ({ place, queue: retryQueue(place.consumed[0], delayMs), delayMs })),
  )
}

/** The ready messages of all retry queues, or those of one saga; see `scanRetries`. */
export async function readRetries(
  sources: Pick<InspectSources, 'broker' | 'queues' | 'now'>,
  retryDelaysMs: readonly number[],
  sagaId?: string,
): Promise<RetryMessage[]> {
  const retries: RetryMessage[] = []
  const { queues, now } = sources
  const scan = { queues: retryQueuesOf(queues, retryDelaysMs), now }
  await scanRetries(await sources.broker(), scan, async (found) => {
    retries.push(...found.map(({ retry }) => retry).filter((retry) => sagaId === undefined || retry.sagaId === sagaId))
  })
  return retries
}

/**
 * Visits the ready messages of retry queues. They are unacknowledged meanwhile, so that the broker does not return them, and
 * are requeued with their expiry, except those that are taken. Messages that have expired and that the broker has not
 * dead-lettered are not ready, and no client receives them. A queue that does not exist is empty.
 */
export async function scanRetries(model: ChannelModel, scan: RetryScan, onFound: OnRetries): Promise<void> {
  const { queues, now, signal } = scan
  const depths = await readQueues(
    model,
    queues.map(({ queue }) => queue),
  )
  for (const [i, from] of queues.entries()) {
    const depth = depths[i]?.messages ?? 0
    if (depth === 0 || signal?.aborted === true) continue
    await scanQueue(model, { queue: from.queue, depth }, async (messages, ack) => {
      const found = messages.map((message): FoundRetry => {
        const letter = foundLetterOf(message, from.place)
        return { ...letter, retry: retryMessageOf(letter, from, now()) }
      })
      await onFound(found, ({ message }) => ack(message))
      return signal?.aborted === true ? 'stop' : 'go on'
    })
  }
}
