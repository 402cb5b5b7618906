import { retriedAtHeader, unreadableReason } from '@order-saga/chassis'
import type { ServiceName } from '@order-saga/contracts'
import { dateOf, type FoundLetter } from '../dead-letters/dead-letter.ts'
import type { ServiceQueues } from '../queues.ts'

/** A retry queue of a service. */
export interface RetryQueue {
  readonly place: ServiceQueues
  readonly queue: string
  readonly delayMs: number
}

export type RetryState = 'waiting' | 'unreadable' | 'stuck' | 'unknown'

export interface RetryMessage {
  readonly id: string
  readonly service: ServiceName
  readonly queue: string
  readonly event: string
  /** The header `schema-version`; undefined without a usable one. */
  readonly schemaVersion: number | string | undefined
  readonly sagaId: string | undefined
  readonly orderId: string | undefined
  /** The attempt that follows. */
  readonly attempt: number
  readonly reason: string
  /** When it was published to the retry queue; for a message of release 0.1.0 its first failure. */
  readonly retriedAt: Date | undefined
  /**
   * `unreadable`: it waits for a newer release of its consumer. `stuck`: the broker has not returned it one minute after its
   * delay. `unknown`: no consumer wrote a plausible time.
   */
  readonly state: RetryState
  /** Why it is never moved: it is forged. */
  readonly refusal: string | undefined
}

/** The broker does not return it. */
export function isMovable({ state }: RetryMessage): boolean {
  return state === 'stuck' || state === 'unknown'
}

/** For the return of an expired message under load, and for the difference of clocks. The alert uses it too. */
const marginMs = 60_000

/** Reads a message of a retry queue. */
export function retryMessageOf(
  { letter, message }: FoundLetter,
  { queue, delayMs }: Pick<RetryQueue, 'queue' | 'delayMs'>,
  now: Date,
): RetryMessage {
  const { id, service, event, sagaId, orderId, reason, attempts, replayRefusal, firstFailure } = letter
  const { [retriedAtHeader]: retried, 'schema-version': version }: Readonly<Record<string, unknown>> =
    message.properties.headers ?? {}
  const retriedAt = dateOf(retried) ?? firstFailure
  const state = stateOf(retriedAt === undefined ? undefined : now.getTime() - retriedAt.getTime(), delayMs)
  return {
    id,
    service,
    queue,
    event,
    schemaVersion: typeof version === 'number' || typeof version === 'string' ? version : undefined,
    sagaId,
    orderId,
    attempt: attempts,
    reason,
    retriedAt,
    refusal: replayRefusal,
    state: state === 'waiting' && reason.startsWith(unreadableReason) ? 'unreadable' : state,
  }
}

function stateOf(ageMs: number | undefined, delayMs: number): RetryState {
  if (ageMs === undefined || ageMs < -marginMs) return 'unknown'
  return ageMs > delayMs + marginMs ? 'stuck' : 'waiting'
}
