import { OrderCancelled } from '@order-saga/contracts'
import { on, PoisonMessage, type Reaction } from '@order-saga/chassis'
import { decide } from '../domain/reservation.ts'
import type { Warehouse } from '../store/reservations.ts'
import { release } from './move-stock.ts'

/** Cancelled: what was reserved is free again; if nothing was yet, nothing ever will be. */
export const releaseOnOrderCancelled: Reaction<Warehouse> = on(OrderCancelled, ({ orderId, sagaId }, warehouse) => {
  const reservation = warehouse.reservationOf(orderId, sagaId)
  const decision = decide(reservation.status, { on: 'order.cancelled' })
  if (decision.kind === 'violation') throw new PoisonMessage(decision.detail)
  if (decision.kind === 'unchanged') return
  if (decision.kind === 'release') release(reservation, warehouse)
  reservation.status = decision.kind === 'release' ? 'released' : 'cancelled'
  reservation.reason = 'order_cancelled'
  reservation.changed = true
})
