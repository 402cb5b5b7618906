import { headersToSendOn, messageOf, propertiesToSendOn, type Publication, type Publisher } from '@order-saga/chassis'
import { type Act, type Actor, actFailed, actsDone, assertRecordable, beginActs } from '../operator-acts.ts'
import type { Store } from '../store.ts'
import { bodyOf, type DeadLetter, type FoundLetter, nameOf, type PastReplay, replaysIn } from './dead-letter.ts'
import { type Scan, scanDeadLetters, type ScanSources } from './scan.ts'

export interface MoveSources extends ScanSources {
  readonly publisher: () => Promise<Pick<Publisher, 'publish'>>
  /** The record of acts is in the order database. */
  readonly databases: { readonly order: Pick<Store, 'change'> }
}

export interface MovedLetter {
  readonly letter: DeadLetter
  /** Absent if moved; otherwise it is still in the dead-letter queue. */
  readonly failure?: string
}

/**
 * Publishes the selected dead letters to the queues from which they were consumed. Each is recorded, published, confirmed,
 * recorded as done, and only then acknowledged: a crash loses none, and the inbox discards a second copy.
 * @throws NotDone when acts cannot be recorded
 */
export async function replayDeadLetters(sources: MoveSources, scan: Scan, actor: Actor): Promise<MovedLetter[]> {
  const orders = sources.databases.order
  await orders.change(assertRecordable)
  const publisher = await sources.publisher()
  const moved: MovedLetter[] = []
  await scanDeadLetters(sources, scan, async (found, take) => {
    const actIds = await orders.change((database) => beginActs(database, actor, found.map(replayOf)))
    const results = await Promise.allSettled(found.map((one) => publish(publisher, one, actor)))
    const done = actIds.filter((_, i) => results[i]?.status === 'fulfilled')
    await orders.change((database) => actsDone(database, done, actor.now()))
    for (const [i, one] of found.entries()) {
      const result = results[i] as (typeof results)[number]
      if (result.status === 'fulfilled') {
        take(one)
        moved.push({ letter: one.letter })
      } else {
        const failure = messageOf(result.reason)
        await orders.change((database) => actFailed(database, actIds[i] ?? '', failure))
        moved.push({ letter: one.letter, failure })
      }
    }
  })
  return moved
}

/**
 * Removes the selected dead letters permanently. Each is recorded with its content before it is acknowledged, so the record
 * also shows the messages of an interrupted run.
 * @throws NotDone when acts cannot be recorded
 */
export async function discardDeadLetters(sources: MoveSources, scan: Scan, actor: Actor): Promise<MovedLetter[]> {
  const orders = sources.databases.order
  await orders.change(assertRecordable)
  const moved: MovedLetter[] = []
  const begun: string[] = []
  await scanDeadLetters(sources, scan, async (found, take) => {
    begun.push(...(await orders.change((database) => beginActs(database, actor, found.map(discardOf)))))
    for (const one of found) take(one)
    moved.push(...found.map(({ letter }) => ({ letter })))
  })
  // The broker does not confirm an ack, but by now it has confirmed the close of the channels.
  await orders.change((database) => actsDone(database, begun, actor.now()))
  return moved
}

async function publish(publisher: Pick<Publisher, 'publish'>, found: FoundLetter, actor: Actor): Promise<void> {
  const { queue } = found.letter
  const options = replayProperties(found, actor)
  const { content } = found.message
  const outcome = await publisher.publish({ exchange: '', routingKey: queue, content, options })
  if (outcome === 'unroutable') throw new Error(`the queue ${queue} does not exist`)
}

function replayOf({ letter }: FoundLetter): Act {
  return { act: 'replay', ...about(letter), detail: { reason: letter.reason, attempts: letter.attempts } }
}

function discardOf({ letter, message }: FoundLetter): Act {
  const { headers = {}, ...properties } = message.properties
  const detail = { reason: letter.reason, properties, headers, body: bodyOf(message.content) }
  return { act: 'discard', ...about(letter), detail }
}

function about(letter: DeadLetter): Pick<Act, 'subject' | 'place' | 'event' | 'sagaId'> {
  return { subject: letter.id, place: letter.queue, event: letter.event, sagaId: letter.sagaId }
}

/** The newest are kept: the headers of a message must fit into one frame. */
const replaysKept = 20

/** Headers of the last failure. */
const failureHeaders = ['attempt', 'reason', 'queue', 'dead-lettered-at']

/**
 * The properties of a replayed dead letter: the same id, all attempts available again, the first failure kept, and one more
 * entry in the header `replays`.
 */
function replayProperties({ letter, message }: FoundLetter, { operator, reason, now }: Actor): Publication['options'] {
  const at = now().toISOString()
  const deadLetteredAt = (letter.deadLetteredAt ?? now()).toISOString()
  const past: PastReplay = {
    at,
    by: operator,
    why: reason,
    reason: letter.reason,
    attempts: letter.attempts,
    deadLetteredAt,
    diedAt: deadLetteredAt,
  }
  const headers = headersToSendOn(message)
  for (const name of failureHeaders) delete headers[name]
  const replays = [...replaysIn(headers), past].slice(-replaysKept)
  return propertiesToSendOn(message, nameOf(message), { ...headers, replays: JSON.stringify(replays) })
}
