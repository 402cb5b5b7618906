import { type Act, type Actor, actFailed, actsDone, beginActs } from '../../persistence/operator-acts.ts'
import type { Database } from '../../persistence/database.ts'
import { messageOf } from '../../core/errors.ts'
import type { Publication } from '../publisher.ts'
import { bodyOf, type DeadLetter, type Found } from './dead-letter.ts'
import { replayed } from './replayed.ts'

/** What an act on dead letters needs. */
export interface Acting {
  readonly actor: Actor
  /** Runs work on the database that holds the record of acts. */
  readonly using: <T>(work: (database: Database) => Promise<T>) => Promise<T>
  /** Puts a message into a queue; resolves when the broker has confirmed that it has it. */
  readonly put: (queue: string, content: Buffer, options: Publication['options']) => Promise<void>
}

export interface Replayed {
  readonly letter: DeadLetter
  /** Undefined: it is back in its queue. */
  readonly failure?: string
}

/**
 * Puts dead letters back into the queues they died in. Each is recorded, published and confirmed, recorded as done, and
 * only then taken: killed at any point, this loses none, and the copy of one that was already back is harmless, because
 * the consumer knows its id.
 */
export async function replayFound(
  found: readonly Found[],
  take: (one: Found) => void,
  { actor, using, put }: Acting,
): Promise<Replayed[]> {
  const actIds = await using((database) => beginActs(database, actor, found.map(replayOf)))
  const ends = await Promise.allSettled(
    found.map((one) => put(one.letter.queue, one.message.content, replayed(one, actor))),
  )
  const done = actIds.filter((_, i) => ends[i]?.status === 'fulfilled')
  await using((database) => actsDone(database, done, actor.now()))
  const outcomes: Replayed[] = []
  for (const [i, one] of found.entries()) {
    const end = ends[i] as (typeof ends)[number]
    if (end.status === 'fulfilled') {
      take(one)
      outcomes.push({ letter: one.letter })
    } else {
      const failure = messageOf(end.reason)
      await using((database) => actFailed(database, actIds[i] ?? '', failure))
      outcomes.push({ letter: one.letter, failure })
    }
  }
  return outcomes
}

/**
 * Takes dead letters away for good. Each is recorded whole before it goes, so that what was thrown away can be read.
 * @returns the ids of the acts, to be recorded as done once the channels they went by have been closed in good order: an
 * ack is not confirmed, but that is
 */
export async function discardFound(
  found: readonly Found[],
  take: (one: Found) => void,
  { actor, using }: Pick<Acting, 'actor' | 'using'>,
): Promise<string[]> {
  const actIds = await using((database) => beginActs(database, actor, found.map(discardOf)))
  for (const one of found) take(one)
  return actIds
}

function replayOf({ letter }: Found): Act {
  return { act: 'replay', ...about(letter), detail: { reason: letter.reason, attempts: letter.attempts } }
}

function discardOf({ letter, message }: Found): Act {
  const { headers = {}, ...properties } = message.properties
  const detail = { reason: letter.reason, properties, headers, body: bodyOf(message.content) }
  return { act: 'discard', ...about(letter), detail }
}

function about(letter: DeadLetter): Pick<Act, 'subject' | 'place' | 'event' | 'sagaId'> {
  return { subject: letter.id, place: letter.queue, event: letter.event, sagaId: letter.sagaId }
}
