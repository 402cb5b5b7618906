import { PoisonMessage } from '@order-saga/chassis'
import { decide, type ReservationInput, type ReservationOutput } from '../domain/reservation.ts'
import type { LockedInventory, ReservationRecord } from '../store/locked-inventory.ts'

/**
 * Applies one decision to the reservation and to the stock.
 * @returns the events that report it
 * @throws PoisonMessage for a violation of the protocol
 */
export function advance(
  reservation: ReservationRecord,
  input: ReservationInput,
  inventory: LockedInventory,
): readonly ReservationOutput[] {
  const { state } = reservation
  const items = input.on === 'payment.completed' ? input.items : state.items
  const before = { ...state, stock: inventory.stockOf(items) }
  const decision = decide(before, input)
  if (decision.kind === 'ignored') {
    if (decision.because === 'violation') throw new PoisonMessage(decision.detail)
    return []
  }
  if (decision.state !== before) inventory.update(reservation, decision.state)
  return decision.publish
}
