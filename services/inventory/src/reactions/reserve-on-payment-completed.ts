import { InventoryFailed, InventoryReserved, PaymentCompleted } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import { decide } from '../domain/reservation.ts'
import { isShortBySimulation } from '../domain/simulated-shortage.ts'
import type { Warehouse } from '../store/reservations.ts'
import { reserve, shortageOf, type StockPolicy } from './move-stock.ts'

export interface ReservationPolicy extends StockPolicy {
  readonly failureRate: number
}

/** Paid: reserves all items or none. An order that was cancelled first gets nothing, and its money is asked back. */
export const reserveOnPaymentCompleted = (policy: ReservationPolicy): Reaction<Warehouse> =>
  on(PaymentCompleted, (message, warehouse, { append }) => {
    const { orderId, sagaId, eventId, traceparent } = message
    const { items } = message.payload
    const cause = { orderId, sagaId, eventId, traceparent }
    const reservation = warehouse.reservationOf(orderId, sagaId)
    const short = isShortBySimulation(orderId, items, policy.failureRate)
      ? ({ reason: 'out_of_stock', sku: 'by simulation' } as const)
      : shortageOf(items, warehouse, policy)
    const decision = decide(reservation.status, { on: 'payment.completed', shortage: short?.reason })
    switch (decision.kind) {
      case 'reserve':
        reserve(reservation, items, warehouse)
        reservation.status = 'reserved'
        reservation.changed = true
        append(InventoryReserved, { reservationId: reservation.reservationId, items }, cause)
        return
      case 'reject':
        reservation.status = 'rejected'
        reservation.reason = decision.reason
        reservation.changed = true
        append(InventoryFailed, { reason: decision.reason, detail: `${decision.reason}: ${short?.sku ?? ''}` }, cause)
        return
      case 'refuse':
        append(
          InventoryFailed,
          { reason: 'order_cancelled', detail: 'the order was cancelled before its payment' },
          cause,
        )
        return
      default:
    }
  })
