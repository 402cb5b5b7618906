import type { SchemaVersions } from '@order-saga/chassis'

/** The schema this service was written for: the numbers of the newest migrations it needs. */
export const schema: SchemaVersions = { messaging: 1, inventory: 2 }
