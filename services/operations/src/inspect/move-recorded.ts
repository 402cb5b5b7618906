import { messageOf, type Publication, type Publisher } from '@order-saga/chassis'
import { ownExchange } from '@order-saga/contracts'
import { type Act, type Actor, actFailed, actsDone, assertRecordable, beginActs } from './operator-acts.ts'
import type { Store } from './store.ts'

/** The move of one message to another queue: the act that records it, its publication, and its removal where it was found. */
export interface Move {
  readonly act: Act
  readonly publish: () => Promise<void>
  readonly remove: () => void
}

/**
 * Each message is recorded, published, confirmed, recorded as done, and only then removed: a crash loses none, and the inbox
 * discards a second copy.
 * @returns why each was not moved, in the same order; undefined for those that were moved
 */
export async function moveRecorded(
  orders: Pick<Store, 'change'>,
  actor: Actor,
  moves: readonly Move[],
): Promise<(string | undefined)[]> {
  const acts = moves.map(({ act }) => act)
  const actIds = await orders.change((database) => beginActs(database, actor, acts))
  const results = await Promise.allSettled(moves.map(({ publish }) => publish()))
  const done = actIds.filter((_, i) => results[i]?.status === 'fulfilled')
  await orders.change((database) => actsDone(database, done, actor.now()))
  const failures: (string | undefined)[] = []
  for (const [i, result] of results.entries()) {
    const failure = result.status === 'rejected' ? messageOf(result.reason) : undefined
    if (failure === undefined) moves[i]?.remove()
    else await orders.change((database) => actFailed(database, actIds[i] ?? '', failure, actor.now()))
    failures.push(failure)
  }
  return failures
}

/** Records the acts, and then removes their messages by `ack`. */
export type Remove = (acts: readonly Act[], ack: () => void) => Promise<void>

/**
 * Removes what `scan` hands over. Each message is recorded before it is acknowledged, so the record also shows the messages
 * of an interrupted run.
 * @param scan resolves when its channels are closed
 * @throws NotDone when acts cannot be recorded
 */
export async function removeRecorded(
  orders: Pick<Store, 'change'>,
  actor: Actor,
  scan: (remove: Remove) => Promise<unknown>,
): Promise<void> {
  await orders.change(assertRecordable)
  const begun: string[] = []
  await scan(async (acts, ack) => {
    begun.push(...(await orders.change((database) => beginActs(database, actor, acts))))
    ack()
  })
  // The broker does not confirm an ack, but by now it has confirmed the close of the channels.
  await orders.change((database) => actsDone(database, begun, actor.now()))
}

/** Resolves when the broker has confirmed the message in a queue of the service whose main queue is `serviceQueue`. */
export async function publishTo(
  publisher: Pick<Publisher, 'publish'>,
  serviceQueue: string,
  queue: string,
  message: Pick<Publication, 'content' | 'options'>,
): Promise<void> {
  const outcome = await publisher.publish({ exchange: ownExchange(serviceQueue), routingKey: queue, ...message })
  if (outcome === 'unroutable') throw new Error(`the queue ${queue} does not exist`)
}
