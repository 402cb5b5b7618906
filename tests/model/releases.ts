import type { Reaction } from '@order-saga/chassis'
import { newSaga, type SagaState } from '../../services/order/src/domain/saga.ts'
import type { advance } from '../../services/order/src/reactions/advance-saga.ts'
import type { LockedSagas, SagaRecord } from '../../services/order/src/store/sagas.ts'

/**
 * Handles a saga as a pod of the previous release does: it knows neither of the two columns, leaves them as they are, and
 * confirms an open order as soon as its items are reserved.
 */
export function asPreviousRelease(saga: SagaRecord, event: string, work: () => void): void {
  const { reservationSeen, mismatch } = saga.state
  const known: SagaState = { ...saga.state, reservationSeen: newSaga.reservationSeen, mismatch: newSaga.mismatch }
  const isConfirming = event === 'inventory.reserved' && known.status === 'pending'
  saga.state = isConfirming ? { ...known, status: 'payment_completed' } : known
  work()
  saga.state = { ...saga.state, reservationSeen, mismatch }
}

/** The order's reactions as the previous release has them, in a world where every event matches its order. */
export function previousReactions(reactions: readonly Reaction<LockedSagas>[]): readonly Reaction<LockedSagas>[] {
  return reactions.map((reaction) => ({
    ...reaction,
    react: (message, sagas, context) => {
      for (const saga of sagas.values()) {
        asPreviousRelease(saga, message.name, () => reaction.react(message, sagas, context))
      }
    },
  }))
}

export const previousAdvance =
  (current: typeof advance): typeof advance =>
  (saga, input, context, message) =>
    asPreviousRelease(saga, input.on, () => current(saga, input, context, message))
