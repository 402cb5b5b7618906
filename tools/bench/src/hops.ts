import { percentile } from '@order-saga/tests/support/percentile'
import { type Databases, stores } from '@order-saga/tests/support/databases'

/** The time between the decisions recorded by two consecutive events, in ms. */
export interface Hop {
  readonly from: string
  readonly to: string
  readonly p50: number
  readonly p90: number
}

/** An event and the time of its decision, in ms. */
export interface Decision {
  readonly saga: string
  readonly event: string
  readonly at: number
}

/** The events of a confirmed order, in order. */
const path = ['order.created', 'payment.completed', 'inventory.reserved', 'order.confirmed']

const decisions = `SELECT saga_id AS saga, routing_key AS event, extract(epoch FROM created_at)::float8 * 1000 AS at
  FROM events WHERE created_at >= $1 AND routing_key = ANY($2)`

/** The hops of all sagas accepted since a time. */
export async function hopsSince(databases: Databases, since: Date): Promise<Hop[]> {
  const all = await Promise.all(stores.map((store) => databases.sql<Decision>(store, decisions, [since, path])))
  return hopsOf(all.flat())
}

export function hopsOf(all: readonly Decision[]): Hop[] {
  const times = new Map<string, Map<string, number>>(path.map((event) => [event, new Map()]))
  for (const { saga, event, at } of all) times.get(event)?.set(saga, at)
  return path.slice(1).map((to, i) => {
    const from = path[i] as string
    const took = [...(times.get(to) ?? [])].flatMap(([saga, at]) => {
      const before = times.get(from)?.get(saga)
      return before === undefined ? [] : at - before
    })
    return { from, to, p50: percentile(took, 50), p90: percentile(took, 90) }
  })
}
