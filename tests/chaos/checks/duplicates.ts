import type { History } from '../history.ts'
import { groupBy } from './group-by.ts'

/** Finds duplicated orders, charges, refunds, outcomes and events. */
export function checkDuplicates(history: History): string[] {
  return [...orders(history), ...movements(history), ...outcomes(history), ...consequences(history)]
}

function orders({ orderRequests, orders: stored }: History): string[] {
  const found: string[] = []
  for (const [customer, own] of groupBy(stored, (order) => order.customer)) {
    if (own.length > 1) found.push(`${customer} requested one order and has ${own.length}`)
  }
  for (const { customer, attempts } of orderRequests) {
    const ids = new Set(attempts.flatMap(({ orderId }) => orderId ?? []))
    if (ids.size > 1) found.push(`${customer} got ${ids.size} order ids for one idempotency key`)
  }
  return found
}

function movements({ charges, refunds }: History): string[] {
  const found: string[] = []
  const succeeded = charges.filter(({ status }) => status === 'succeeded')
  for (const [orderId, own] of groupBy(succeeded, ({ reference }) => reference)) {
    if (own.length > 1) found.push(`order ${orderId} was charged ${own.length} times`)
  }
  for (const [charge, own] of groupBy(refunds, (refund) => refund.charge)) {
    if (own.length > 1) found.push(`charge ${charge} was refunded ${own.length} times`)
  }
  return found
}

function outcomes({ events }: History): string[] {
  const outcomeEvents = events.filter(({ name }) => name === 'order.confirmed' || name === 'order.cancelled')
  return [...groupBy(outcomeEvents, ({ orderId }) => orderId)].flatMap(([orderId, own]) =>
    own.length > 1 ? [`order ${orderId} has the outcomes ${own.map(({ name }) => name).join(' and ')}`] : [],
  )
}

/** One event causes at most one event of a type, however often it is delivered. */
function consequences({ events }: History): string[] {
  const caused = events.filter(({ causationId }) => causationId !== null)
  const groups = groupBy(caused, ({ store, causationId, name }) => `${store} reacted to ${causationId} with ${name}`)
  return [...groups].flatMap(([what, own]) => (own.length > 1 ? [`${what} ${own.length} times`] : []))
}
