import { headersToSendOn, propertiesToSendOn, type Publication } from '@order-saga/chassis'
import type { Actor } from '../operator-acts.ts'
import { type FoundLetter, nameOf, type PastReplay, replaysIn } from './dead-letter.ts'

/** The oldest go first: the headers of a message must fit into one frame. */
const replaysKept = 20

/** A consumer that dead-letters the message again writes them anew. */
const ofThisDeath = ['attempt', 'reason', 'queue', 'dead-lettered-at']

/**
 * The properties with which a dead letter goes back: the same event under the same id, with all attempts before it again,
 * its first failure kept, and one entry more in the header `replays`.
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
  for (const name of ofThisDeath) delete headers[name]
  const replays = [...replaysIn(headers), past].slice(-replaysKept)
  return propertiesToSendOn(message, nameOf(message), { ...headers, replays: JSON.stringify(replays) })
}
