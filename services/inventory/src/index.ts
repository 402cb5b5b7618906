/** What the operations programs need: the production decisions, so that they foresee what a message would do. */
export { type InventoryConfig, inventorySettings } from './config.ts'
export { type ReservationStatus } from './domain/reservation.ts'
export { inventoryReactions } from './reactions/index.ts'
export { type ReservationRecord, Warehouse } from './store/reservations.ts'
