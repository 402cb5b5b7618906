import type { EventType } from '@order-saga/contracts'
import type { OutgoingEvent } from '../messaging/message.ts'
import type { Database, Transaction } from './database.ts'
import { type Cause, type MessageWrites, newEvent, writeMessages } from './outbox.ts'
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

export interface UnitContext extends ReactionContext {
  /** An earlier attempt has failed, so rows have to be read. */
  readonly isRepeated: boolean
  /** Claims events of a consumer in the transaction: once per transaction. */
  readonly claim: (consumer: string, ids: readonly string[]) => void
}

export interface UnitOfWork {
  readonly database: Database
  /** `takeConfirmed` is missing where nothing is published. */
  readonly relay: Pick<Relay, 'accepts' | 'offer'> & Partial<Pick<Relay, 'takeConfirmed'>>
  readonly now: () => Date
  /** UUIDv7: the ids of orders and events sort by the time of their creation. */
  readonly newId: () => string
}

/**
 * The one way in which a service commits a change: together with the events that report it, which go to the relay after
 * the commit, and with the marks of earlier events that were published meanwhile. The work may run more than once and must
 * have no effect outside its transaction.
 * @throws DependencyUnavailable as `Database.transaction` does
 */
export async function commitWithEvents<T>(
  { database, relay, now, newId }: UnitOfWork,
  work: (tx: Transaction, context: UnitContext) => Promise<T>,
): Promise<T> {
  const leased = relay.accepts
  const confirmed = relay.takeConfirmed?.()
  let attempts = 0
  const transaction = database.transaction(async (tx) => {
    attempts += 1
    const instant = now()
    const outgoing: OutgoingEvent[] = []
    let claims: MessageWrites['claims']
    const append: Append = (type, payload, cause, eventId = newId()) => {
      outgoing.push(newEvent(type, payload, cause, { eventId, now: instant }))
      return eventId
    }
    const claim: UnitContext['claim'] = (consumer, ids) => {
      claims = { consumer, ids }
    }
    const result = await work(tx, { now: instant, append, claim, isRepeated: attempts > 1 })
    writeMessages(tx, { claims, events: outgoing, leased, published: confirmed?.ids ?? [], now: instant })
    return { result, outgoing }
  })
  if (confirmed !== undefined) transaction.then(confirmed.written, confirmed.giveBack)
  const committed = await transaction
  if (leased) relay.offer(committed.outgoing)
  return committed.result
}
