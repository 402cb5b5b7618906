import { messageOf, type Publisher } from '@order-saga/chassis'
import { type Act, type Actor, actFailed, actsDone, assertRecordable, beginActs } from '../operator-acts.ts'
import type { Store } from '../store.ts'
import { bodyOf, type DeadLetter, type FoundLetter } from './dead-letter.ts'
import { replayProperties } from './replay-properties.ts'
import { type Scan, scanDeadLetters, type ScanSources } from './scan.ts'

export interface MoveSources extends ScanSources {
  readonly publisher: () => Promise<Pick<Publisher, 'publish'>>
  /** The order database holds the record of acts. */
  readonly databases: { readonly order: Pick<Store, 'change'> }
}

export interface MovedLetter {
  readonly letter: DeadLetter
  /** Absent: it was moved. Else it is where it was. */
  readonly failure?: string
}

/**
 * Puts the selected dead letters back into the queues they were consumed from. Each is recorded, published and
 * confirmed, recorded as done, and only then acknowledged: a crash at any point loses none, and a second copy is
 * harmless, because the consumer's inbox holds its id.
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
 * Removes the selected dead letters for good. Each is recorded whole before it is acknowledged, so that the record shows
 * what was discarded, and what a run that was cut off was about to discard.
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
  // The broker does not confirm an acknowledgement; but the channels have been closed in good order since.
  await orders.change((database) => actsDone(database, begun, actor.now()))
  return moved
}

async function publish(publisher: Pick<Publisher, 'publish'>, found: FoundLetter, actor: Actor): Promise<void> {
  const { queue } = found.letter
  const options = replayProperties(found, actor)
  const { content } = found.message
  const outcome = await publisher.publish({ exchange: '', routingKey: queue, content, options })
  if (outcome === 'unroutable') throw new Error(`there is no queue ${queue}`)
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
