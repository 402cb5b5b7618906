import type { EventType } from '@order-saga/contracts'
import type { OutgoingEvent } from '../messaging/message.ts'
import type { Database, Transaction } from './database.ts'
import { appendEvents, type Cause, newEvent } from './outbox.ts'
import type { Relay } from './relay.ts'

/**
 * Appends an event to the outbox of the transaction. @returns its id: a new one, unless the work has already written an id
 * of its own for the event
 */
export type Append = <P>(type: EventType<P>, payload: NoInfer<P>, cause: Cause, eventId?: string) => string

/** One instant for all work of a transaction, and access to its outbox. */
export interface ReactionContext {
  readonly now: Date
  readonly append: Append
}

export interface UnitOfWork {
  readonly database: Database
  readonly relay: Pick<Relay, 'accepts' | 'offer'>
  readonly now: () => Date
  /** UUIDv7: the ids of orders and events sort by the time of their creation. */
  readonly newId: () => string
}

/**
 * The one way in which a service commits a change: together with the events that report it, which go to the relay after
 * the commit. The work may run more than once and must have no effect outside its transaction.
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
    const append: Append = (type, payload, cause, eventId = newId()) => {
      outgoing.push(newEvent(type, payload, cause, { eventId, now: instant }))
      return eventId
    }
    const result = await work(tx, { now: instant, append })
    appendEvents(tx, outgoing, leased, instant)
    return { result, outgoing }
  })
  if (leased) relay.offer(committed.outgoing)
  return committed.result
}
