import { OrderConfirmed } from '@order-saga/contracts'
import { on, PoisonMessage, type Reaction } from '@order-saga/chassis'
import { decide } from '../domain/reservation.ts'
import type { Warehouse } from '../store/reservations.ts'
import { ship } from './move-stock.ts'

/** Confirmed: what was reserved is sold. */
export const shipOnOrderConfirmed: Reaction<Warehouse> = on(OrderConfirmed, ({ orderId, sagaId }, warehouse) => {
  const reservation = warehouse.reservationOf(orderId, sagaId)
  const decision = decide(reservation.status, { on: 'order.confirmed' })
  if (decision.kind === 'violation') throw new PoisonMessage(decision.detail)
  if (decision.kind !== 'ship') return
  ship(reservation, warehouse)
  reservation.status = 'committed'
  reservation.changed = true
})
