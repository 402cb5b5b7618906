import { commitWithEvents, type Transaction, type UnitOfWork } from '@order-saga/chassis'
import type { SagaInput } from './domain/saga.ts'
import { advance, type RefundRetryPolicy } from './reactions/advance-saga.ts'
import { lockOverdueSagas, lockProvenSagas, lockTimedOutSagas, type SagaRecord, saveSagas } from './store/sagas.ts'

export interface DeadlineCheckerOptions extends UnitOfWork, RefundRetryPolicy {
  readonly committed: (sagas: readonly SagaRecord[]) => void
}

/** Sagas handled in one transaction. */
const batch = 200

type LockDue = (tx: Transaction, now: Date, limit: number) => Promise<SagaRecord[]>

/**
 * Confirms the orders whose open saga holds both proofs, cancels those whose deadline has passed, and requests overdue
 * refunds again. Any number of order pods may run it at
 * once: each takes the sagas that the others have not locked.
 * @returns how many sagas it advanced
 */
export async function checkDeadlines(options: DeadlineCheckerOptions): Promise<number> {
  const proven = await advanceDue(options, lockProvenSagas, { on: 'deadline' })
  const timedOut = await advanceDue(options, lockTimedOutSagas, { on: 'deadline' })
  const overdue = await advanceDue(options, lockOverdueSagas, { on: 'overdue' })
  return proven + timedOut + overdue
}

async function advanceDue(options: DeadlineCheckerOptions, lockDue: LockDue, input: SagaInput): Promise<number> {
  let total = 0
  for (;;) {
    const due = await commitWithEvents(options, async (tx, context) => {
      const sagas = await lockDue(tx, context.now, batch)
      for (const saga of sagas) advance(saga, input, { ...context, refundRetryMs: options.refundRetryMs })
      saveSagas(tx, sagas, context.now)
      return sagas
    })
    options.committed(due)
    total += due.length
    if (due.length < batch) return total
  }
}
