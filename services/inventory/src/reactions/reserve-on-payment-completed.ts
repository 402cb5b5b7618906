import { InventoryFailed, InventoryReserved, PaymentCompleted } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import { isShortBySimulation } from '../domain/simulated-shortage.ts'
import { shortageOf } from '../domain/stock.ts'
import type { LockedInventory } from '../store/locked-inventory.ts'
import { advance } from './advance-reservation.ts'

export interface ReservationPolicy {
  readonly failureRate: number
  /** Whether an SKU that was never stocked counts as available without limit. */
  readonly acceptUnknownSku: boolean
}

/** Reserves all items or none. An order that was cancelled first gets nothing, and its refund is requested. */
export const reserveOnPaymentCompleted = (policy: ReservationPolicy): Reaction<LockedInventory> =>
  on(PaymentCompleted, (message, inventory, { append }) => {
    const { orderId, sagaId, eventId, traceparent } = message
    const { items } = message.payload
    const cause = { orderId, sagaId, eventId, traceparent }
    const shortage = isShortBySimulation(orderId, items, policy.failureRate)
      ? ({ reason: 'out_of_stock', sku: 'by simulation' } as const)
      : shortageOf(items, inventory.stockOf(items), policy.acceptUnknownSku)
    const reservation = inventory.of(orderId, sagaId)
    const publish = advance(reservation, { on: 'payment.completed', items, shortage: shortage?.reason }, inventory)
    for (const output of publish) {
      if (output === 'inventory.reserved') {
        append(InventoryReserved, { reservationId: reservation.reservationId, items }, cause)
        continue
      }
      const reason = reservation.state.reason ?? 'out_of_stock'
      const cancelled = 'the order was cancelled before its payment'
      const detail = reason === 'order_cancelled' ? cancelled : `${reason}: ${shortage?.sku}`
      append(InventoryFailed, { reason, detail }, cause)
    }
  })
