import { OrderCancelled } from '@order-saga/contracts'
import { on, type Reaction } from '@order-saga/chassis'
import type { LockedInventory } from '../store/locked-inventory.ts'
import { advance } from './advance-reservation.ts'

/** Returns reserved items to the free stock; without a reservation, leaves a tombstone that prevents one. */
export const releaseOnOrderCancelled: Reaction<LockedInventory> = on(
  OrderCancelled,
  ({ orderId, sagaId }, inventory) => {
    advance(inventory.of(orderId, sagaId), { on: 'order.cancelled' }, inventory)
  },
)
