import type { Store } from '@order-saga/tests/support/databases'

/** Everything a saga has an id for. */
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

/** A row of a finished saga, as a text in which SQL's format() puts the ids and instants of another one. */
export interface RowTemplate {
  readonly table: string
  readonly text: string
}

/**
 * The places of a template: the time and the random part of all ids of the saga, the instant at which all was done, and
 * that of the deadline.
 */
const places = { time: '%1$s', random: '%2$s', done: '%3$s', deadline: '%4$s' } as const

/** What a saga leaves for good in each database, in the order in which the tables refer to each other. */
export const stateTables: Readonly<Record<Store, readonly string[]>> = {
  order: ['orders', 'saga_instances'],
  payment: ['payment_transactions'],
  inventory: ['inventory_reservations'],
}
/** What it leaves until the clean-up. */
export const messagingTables = ['events', 'processed_events'] as const

const instant = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g

/**
 * Makes the template of a row, given as JSON. So the tables are filled with rows as the services write them, whatever
 * columns these have and whatever their histories and payloads hold. Its ids become UUIDv7, one for each name.
 * @param midway an instant between the end of the saga and its deadline
 */
export function templateOf(row: string, ids: SagaIds, midway: Date): string {
  const { time, random, done, deadline } = places
  let text = row.replaceAll('%', '%%')
  for (const [i, name] of idNames.entries()) {
    text = text.replaceAll(ids[name], `${time}-7${i.toString(16).padStart(3, '0')}-${random}`)
  }
  return text.replaceAll(instant, (at) => (Date.parse(at) < midway.getTime() ? done : deadline))
}
