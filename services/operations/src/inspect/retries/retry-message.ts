import { retriedAtHeader } from '@order-saga/chassis'
import { dateOf, type FoundLetter } from '../dead-letters/dead-letter.ts'
import type { ServiceQueues } from '../queues.ts'

/** A retry queue of a service. */
export interface RetryQueue {
  readonly place: ServiceQueues
  readonly queue: string
  readonly delayMs: number
}

export interface RetryMessage {
  readonly id: string
  readonly queue: string
  readonly event: string
  readonly sagaId: string | undefined
  readonly orderId: string | undefined
  /** The attempt that follows. */
  readonly attempt: number
  readonly reason: string
  /** When it was published to the retry queue; for a message of release 0.1.0 its first failure. */
  readonly retriedAt: Date | undefined
  /** `stuck`: the broker has not returned it one minute after its delay; `unknown`: no consumer wrote a plausible time. */
  readonly state: 'waiting' | 'stuck' | 'unknown'
  /** Why it is never moved: it is forged. */
  readonly refusal: string | undefined
}

/** For the return of an expired message under load, and for the difference of clocks. The alert uses it too. */
const marginMs = 60_000

/** Reads a message of a retry queue. */
export function retryMessageOf(
  { letter, message }: FoundLetter,
  { queue, delayMs }: Pick<RetryQueue, 'queue' | 'delayMs'>,
  now: Date,
): RetryMessage {
  const { id, event, sagaId, orderId, reason, attempts, replayRefusal, firstFailure } = letter
  const retriedAt = dateOf(message.properties.headers?.[retriedAtHeader]) ?? firstFailure
  return {
    id,
    queue,
    event,
    sagaId,
    orderId,
    attempt: attempts,
    reason,
    retriedAt,
    refusal: replayRefusal,
    state: stateOf(retriedAt === undefined ? undefined : now.getTime() - retriedAt.getTime(), delayMs),
  }
}

function stateOf(ageMs: number | undefined, delayMs: number): RetryMessage['state'] {
  if (ageMs === undefined || ageMs < -marginMs) return 'unknown'
  return ageMs > delayMs + marginMs ? 'stuck' : 'waiting'
}
