import type { Message, Reactions } from '@order-saga/chassis'
import { InventoryFailed, InventoryReserved, PaymentCompleted } from '@order-saga/contracts'
import { type LockedSagas, lockSagas, type SagaCache, saveSagas } from '../store/sagas.ts'
import type { RefundRetryPolicy } from './advance-saga.ts'
import { cancelOnPaymentFailed } from './cancel-on-payment-failed.ts'
import { cancelOnPaymentRefunded } from './cancel-on-payment-refunded.ts'
import { confirmOnInventoryReserved } from './confirm-on-inventory-reserved.ts'
import { notePaymentOnPaymentCompleted } from './note-payment-on-payment-completed.ts'
import { refundOnInventoryFailed } from './refund-on-inventory-failed.ts'

/** The reactions of the order service to events of payment and inventory. */
export function orderReactions(
  options: RefundRetryPolicy & {
    readonly queue: string
    readonly cache?: SagaCache
    readonly committed: (sagas: LockedSagas) => void
  },
): Reactions<LockedSagas> {
  return {
    consumer: options.queue,
    load: (tx, messages) =>
      lockSagas(
        tx,
        messages.map((message) => message.sagaId),
      ),
    // Every reaction adds to the history of its saga, so `saveSagas` writes all of them.
    loadCached: (messages) => {
      const sagas = options.cache?.take(messages.map((message) => message.sagaId))
      return sagas === undefined || isOutdated(sagas, messages) ? undefined : sagas
    },
    reactions: [
      notePaymentOnPaymentCompleted(options),
      cancelOnPaymentFailed(options),
      confirmOnInventoryReserved(options),
      refundOnInventoryFailed(options),
      cancelOnPaymentRefunded(options),
    ],
    save: (tx, sagas, now) => saveSagas(tx, sagas.values(), now),
    committed: options.committed,
  }
}

/**
 * Inventory reacts to the payment: without it in the cache or in the batch, another process has most likely recorded it. To
 * read is cheaper than an attempt that fails, and PostgreSQL writes an error for it into its log.
 */
function isOutdated(sagas: LockedSagas, messages: readonly Message[]): boolean {
  const paid = new Set(messages.filter(({ name }) => name === PaymentCompleted.name).map(({ sagaId }) => sagaId))
  const followsPayment = new Set<string>([InventoryReserved.name, InventoryFailed.name])
  return messages.some(
    ({ name, sagaId }) =>
      followsPayment.has(name) && !paid.has(sagaId) && sagas.get(sagaId)?.state.status === 'pending',
  )
}
