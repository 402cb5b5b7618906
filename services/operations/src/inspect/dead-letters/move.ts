import { cutToBytes, forward, type Publication, type Publisher, replaysLimitBytes } from '@order-saga/chassis'
import { moveRecorded, publishTo, removeRecorded } from '../move-recorded.ts'
import { type Act, type Actor, assertRecordable } from '../operator-acts.ts'
import type { Store } from '../store.ts'
import { bodyOf, type DeadLetter, type FoundLetter, type PastReplay, propertiesOf } from './dead-letter.ts'
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
 * Moves the selected dead letters to the queues from which they were consumed, except forged ones.
 * @throws NotDone when acts cannot be recorded
 */
export async function replayDeadLetters(sources: MoveSources, scan: Scan, actor: Actor): Promise<MovedLetter[]> {
  const orders = sources.databases.order
  await orders.change(assertRecordable)
  const publisher = await sources.publisher()
  const moved: MovedLetter[] = []
  await scanDeadLetters(sources, scan, async (selected, take) => {
    const found = selected.filter(({ letter }) => letter.replayRefusal === undefined)
    for (const { letter } of selected) {
      if (letter.replayRefusal !== undefined) moved.push({ letter, failure: letter.replayRefusal })
    }
    const moves = found.map((one) => ({
      act: replayOf(one),
      publish: () => publish(publisher, sources.queues[`${one.letter.service}Queue`], one, actor),
      remove: () => take(one),
    }))
    const failures = await moveRecorded(orders, actor, moves)
    moved.push(...found.map(({ letter }, i) => movedLetter(letter, failures[i])))
  })
  return moved
}

function movedLetter(letter: DeadLetter, failure: string | undefined): MovedLetter {
  return failure === undefined ? { letter } : { letter, failure }
}

/**
 * Removes the selected dead letters permanently. Each is recorded with its content before it is acknowledged.
 * @throws NotDone when acts cannot be recorded
 */
export async function discardDeadLetters(sources: MoveSources, scan: Scan, actor: Actor): Promise<MovedLetter[]> {
  const moved: MovedLetter[] = []
  await removeRecorded(sources.databases.order, actor, (remove) =>
    scanDeadLetters(sources, scan, async (found, take) => {
      await remove(found.map(discardOf), () => found.forEach(take))
      moved.push(...found.map(({ letter }) => ({ letter })))
    }),
  )
  return moved
}

async function publish(
  publisher: Pick<Publisher, 'publish'>,
  serviceQueue: string,
  found: FoundLetter,
  actor: Actor,
): Promise<void> {
  const { content } = found.message
  await publishTo(publisher, serviceQueue, found.letter.queue, { content, options: replayProperties(found, actor) })
}

function replayOf({ letter }: FoundLetter): Act {
  return { act: 'replay', ...about(letter), detail: { reason: letter.reason, attempts: letter.attempts } }
}

/** The act that records a discarded message with its content. */
export function discardOf({ letter, message }: FoundLetter): Act {
  const detail = { reason: letter.reason, ...propertiesOf(message), body: bodyOf(message.content) }
  return { act: 'discard', ...about(letter), detail }
}

function about(letter: DeadLetter): Pick<Act, 'subject' | 'place' | 'event' | 'sagaId'> {
  return { subject: letter.id, place: letter.queue, event: letter.event, sagaId: letter.sagaId }
}

/** At most so many bytes of each text in the header `replays`, so that its newest entry always fits. */
const replayTextBytes = 200

/**
 * The properties of a replayed dead letter: the same id, all attempts available again, the first failure kept, and one more
 * entry in the header `replays`, of which the newest are kept.
 */
function replayProperties(
  { letter, message, provenance }: FoundLetter,
  { operator, reason, now }: Actor,
): Publication['options'] {
  const deadLetteredAt = (letter.deadLetteredAt ?? now()).toISOString()
  const past: PastReplay = {
    at: now().toISOString(),
    by: cutToBytes(operator, replayTextBytes),
    why: cutToBytes(reason, replayTextBytes),
    reason: cutToBytes(letter.reason, replayTextBytes),
    attempts: letter.attempts,
    deadLetteredAt,
    diedAt: deadLetteredAt,
  }
  const { options } = forward(message, provenance)
  const { attempt: _, reason: __, ...headers } = options.headers
  return { ...options, headers: { ...headers, replays: newestThatFit([...letter.replays, past]) } }
}

function newestThatFit(replays: readonly PastReplay[]): string {
  const text = JSON.stringify(replays)
  return Buffer.byteLength(text) <= replaysLimitBytes || replays.length === 1 ? text : newestThatFit(replays.slice(1))
}
