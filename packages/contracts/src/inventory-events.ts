import { type Static, Type } from 'typebox'
import { eventType } from './event-type.ts'
import { Detail, Identifier, Items } from './order-lines.ts'

export const InventoryFailure = Type.Enum(['out_of_stock', 'unknown_sku', 'order_cancelled'], {
  description: 'one of out_of_stock, unknown_sku, order_cancelled',
})
export type InventoryFailure = Static<typeof InventoryFailure>

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
  payload: Type.Object({ reason: InventoryFailure, detail: Detail }),
})
