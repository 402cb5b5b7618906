import {
  appendEvents,
  type Database,
  newEvent,
  type OutgoingEvent,
  type ReactionContext,
  type Relay,
  type Transaction,
} from '@order-saga/chassis'
import type { SagaInput } from './domain/saga.ts'
import { advance, type RefundPatience } from './reactions/advance-saga.ts'
import { lockOverdueSagas, lockTimedOutSagas, type SagaRecord, saveSagas } from './store/sagas.ts'

export interface DeadlineCheckerOptions extends RefundPatience {
  readonly database: Database
  readonly relay: Pick<Relay, 'accepts' | 'offer'>
  readonly now: () => Date
  readonly newId: () => string
  readonly committed: (sagas: readonly SagaRecord[]) => void
}

/** Sagas handled in one transaction. */
const batch = 200

type LockDue = (tx: Transaction, now: Date, limit: number) => Promise<SagaRecord[]>

/**
 * Ends the sagas whose deadline has passed, and asks again for refunds that are overdue. Any number of order pods may
 * run it at once: each takes what the others have not locked.
 * @returns how many sagas it advanced
 */
export async function checkDeadlines(options: DeadlineCheckerOptions): Promise<number> {
  const timedOut = await advanceDue(options, lockTimedOutSagas, { on: 'deadline' })
  const overdue = await advanceDue(options, lockOverdueSagas, { on: 'overdue' })
  return timedOut + overdue
}

async function advanceDue(options: DeadlineCheckerOptions, lockDue: LockDue, input: SagaInput): Promise<number> {
  const { database, relay, newId } = options
  let total = 0
  for (;;) {
    const leased = relay.accepts
    const { sagas, outgoing } = await database.transaction(async (tx) => {
      const now = options.now()
      const outgoing: OutgoingEvent[] = []
      const append: ReactionContext['append'] = (type, payload, cause) => {
        const event = newEvent(type, payload, cause, { eventId: newId(), now })
        outgoing.push(event)
        return event.eventId
      }
      const sagas = await lockDue(tx, now, batch)
      for (const saga of sagas) advance(saga, input, { now, append, refundRetryMs: options.refundRetryMs })
      saveSagas(tx, sagas, now)
      appendEvents(tx, outgoing, leased, now)
      return { sagas, outgoing }
    })
    if (leased) relay.offer(outgoing)
    options.committed(sagas)
    total += sagas.length
    if (sagas.length < batch) return total
  }
}
