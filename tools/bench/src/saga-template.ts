import type { Store } from '@order-saga/tests/support/databases'

/** The ids of a saga. */
export const idNames = [
  'saga',
  'order',
  'order.created',
  'payment.completed',
  'inventory.reserved',
  'order.confirmed',
  'payment',
  'charge',
  'reservation',
] as const
export type IdName = (typeof idNames)[number]
export type SagaIds = Readonly<Record<IdName, string>>

/** A row of a completed saga as a format string for SQL's format(), which inserts other ids and instants. */
export interface RowTemplate {
  readonly table: string
  readonly text: string
}

/**
 * The placeholders of a template: the time and the random part of all ids of the saga, the instant of its completion and
 * of its deadline.
 */
const placeholders = { time: '%1$s', random: '%2$s', done: '%3$s', deadline: '%4$s' } as const

/** Tables with permanent rows, in the order of their foreign keys. */
export const stateTables: Readonly<Record<Store, readonly string[]>> = {
  order: ['orders', 'saga_instances'],
  payment: ['payment_transactions'],
  inventory: ['inventory_reservations'],
}
/** Tables with rows that have a retention time. */
export const messagingTables = ['events', 'processed_events'] as const

const instant = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g

/**
 * Converts a row, given as JSON, to a template, independent of its columns, history and payload. Ids become UUIDv7, one
 * per name.
 * @param midway an instant between the completion of the saga and its deadline
 */
export function templateOf(row: string, ids: SagaIds, midway: Date): string {
  const { time, random, done, deadline } = placeholders
  let text = row.replaceAll('%', '%%')
  for (const [i, name] of idNames.entries()) {
    text = text.replaceAll(ids[name], `${time}-7${i.toString(16).padStart(3, '0')}-${random}`)
  }
  return text.replaceAll(instant, (at) => (Date.parse(at) < midway.getTime() ? done : deadline))
}
