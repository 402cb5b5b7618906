import { Type } from 'typebox'
import { eventType } from './event-type.ts'
import { Detail, Identifier, Items, reasonOf } from './order-lines.ts'

const inventoryFailures = ['out_of_stock', 'unknown_sku', 'order_cancelled'] as const
export type InventoryFailure = (typeof inventoryFailures)[number]

/** Every item of the order is held for it. */
export const InventoryReserved = eventType('inventory.reserved', {
  version: 1,
  publishedBy: 'inventory',
  consumedBy: ['order'],
  payload: Type.Object({ reservationId: Identifier, items: Items }),
})

/** Nothing is held for the order, not even in part. */
export const InventoryFailed = eventType('inventory.failed', {
  version: 1,
  publishedBy: 'inventory',
  consumedBy: ['order'],
  payload: Type.Object({ reason: reasonOf(inventoryFailures), detail: Detail }),
})
