import type { EventType } from '@order-saga/contracts'
import type { OutgoingEvent } from '../messaging/message.ts'
import type { Database, Transaction } from './database.ts'
import { appendEvents, type Cause, newEvent } from './outbox.ts'
import type { Relay } from './relay.ts'

/** Has an event leave with the transaction; returns the id it was given. */
export type Append = <P>(type: EventType<P>, payload: NoInfer<P>, cause: Cause) => string

/** What work in a transaction gets besides its handle: one instant for all of it, and the way to the outbox. */
export interface ReactionContext {
  readonly now: Date
  readonly append: Append
}

export interface UnitOfWork {
  readonly database: Database
  readonly relay: Pick<Relay, 'accepts' | 'offer'>
  readonly now: () => Date
  readonly newId: () => string
}

/**
 * Commits a change together with the events that report it, and hands those to the relay once they are durable. The
 * work may run more than once and must have no effect outside its transaction.
 * @throws DependencyUnavailable as `Database.transaction` does
 */
export async function commitWithEvents<T>(
  { database, relay, now, newId }: UnitOfWork,
  work: (tx: Transaction, context: ReactionContext) => Promise<T>,
): Promise<T> {
  const leased = relay.accepts
  const committed = await database.transaction(async (tx) => {
    const instant = now()
    const outgoing: OutgoingEvent[] = []
    const append: Append = (type, payload, cause) => {
      const event = newEvent(type, payload, cause, { eventId: newId(), now: instant })
      outgoing.push(event)
      return event.eventId
    }
    const result = await work(tx, { now: instant, append })
    appendEvents(tx, outgoing, leased, instant)
    return { result, outgoing }
  })
  if (leased) relay.offer(committed.outgoing)
  return committed.result
}
