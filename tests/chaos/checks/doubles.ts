import type { History } from '../history.ts'
import { groupBy } from './group-by.ts'

/** Whatever may be there once and is there twice. */
export function checkDoubles(history: History): string[] {
  return [...orders(history), ...movements(history), ...outcomes(history), ...consequences(history)]
}

function orders({ intents, orders: kept }: History): string[] {
  const found: string[] = []
  for (const [customer, own] of groupBy(kept, (order) => order.customer)) {
    if (own.length > 1) found.push(`${customer} wanted one order and has ${own.length}`)
  }
  for (const { customer, attempts } of intents) {
    const ids = new Set(attempts.flatMap(({ orderId }) => orderId ?? []))
    if (ids.size > 1) found.push(`${customer} was answered with ${ids.size} orders under one key`)
  }
  return found
}

function movements({ charges, refunds }: History): string[] {
  const found: string[] = []
  const taken = charges.filter(({ status }) => status === 'succeeded')
  for (const [orderId, own] of groupBy(taken, ({ reference }) => reference)) {
    if (own.length > 1) found.push(`order ${orderId} was charged ${own.length} times`)
  }
  for (const [charge, own] of groupBy(refunds, (refund) => refund.charge)) {
    if (own.length > 1) found.push(`charge ${charge} was refunded ${own.length} times`)
  }
  return found
}

function outcomes({ events }: History): string[] {
  const told = events.filter(({ name }) => name === 'order.confirmed' || name === 'order.cancelled')
  return [...groupBy(told, ({ orderId }) => orderId)].flatMap(([orderId, own]) =>
    own.length > 1 ? [`order ${orderId} was told ${own.map(({ name }) => name).join(' and ')}`] : [],
  )
}

/** One event leads to at most one event of a kind, however often it is delivered. */
function consequences({ events }: History): string[] {
  const caused = events.filter(({ causationId }) => causationId !== null)
  const groups = groupBy(caused, ({ store, causationId, name }) => `${store} answered ${causationId} with ${name}`)
  return [...groups].flatMap(([what, own]) => (own.length > 1 ? [`${what} ${own.length} times`] : []))
}
