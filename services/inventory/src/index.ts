/** The production decisions, by which the operations programs preview a message. */
export { inventorySettings } from './config.ts'
export { inventoryReactions } from './reactions/index.ts'
export { LockedInventory } from './store/locked-inventory.ts'
