import { OrderConfirmed } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { LockedInventory } from '../store/locked-inventory.ts'
import { advance } from './advance-reservation.ts'

/** Turns the reservation into a shipment. */
export const shipOnOrderConfirmed: Reaction<LockedInventory> = on(OrderConfirmed, ({ orderId, sagaId }, inventory) => {
  advance(inventory.of(orderId, sagaId), { on: 'order.confirmed' }, inventory)
})
