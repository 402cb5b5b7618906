/** What the operations programs need: the production decisions, so that they foresee what a message would do. */
export { inventorySettings } from './config.ts'
export { inventoryReactions } from './reactions/index.ts'
export { Warehouse } from './store/reservations.ts'
