import { headersToSendOn, propertiesToSendOn, type Publication } from '@order-saga/chassis'
import type { Actor } from '../operator-acts.ts'
import { type FoundLetter, nameOf, type PastReplay, replaysIn } from './dead-letter.ts'

/** The newest are kept: the headers of a message must fit into one frame. */
const replaysKept = 20

/** Headers of the last failure. */
const failureHeaders = ['attempt', 'reason', 'queue', 'dead-lettered-at']

/**
 * The properties of a replayed dead letter: the same id, all attempts available again, the first failure kept, and one more
 * entry in the header `replays`.
 */
export function replayProperties(
  { letter, message }: FoundLetter,
  { operator, reason, now }: Actor,
): Publication['options'] {
  const at = now().toISOString()
  const past: PastReplay = {
    at,
    by: operator,
    why: reason,
    reason: letter.reason,
    attempts: letter.attempts,
    diedAt: (letter.diedAt ?? now()).toISOString(),
  }
  const headers = headersToSendOn(message)
  for (const name of failureHeaders) delete headers[name]
  const replays = [...replaysIn(headers), past].slice(-replaysKept)
  return propertiesToSendOn(message, nameOf(message), { ...headers, replays: JSON.stringify(replays) })
}
