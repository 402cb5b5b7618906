import type { Item } from '@order-saga/contracts'
import { type OrderCheck, wrong, wrongAtRest } from '../finding.ts'
import { isCancelled } from '../order-facts.ts'

/** Invariant 4, order by order: what inventory holds or has shipped for it. */
export const checkStock: OrderCheck = ({ order, saga, reservation }) => {
  const holds = reservation?.status === 'reserved' || reservation?.status === 'committed'
  if (order === undefined || saga === undefined) {
    return holds && order === undefined && saga === undefined
      ? [wrong('stock', 'stock is held for an order that does not exist')]
      : []
  }
  if (isCancelled(saga)) {
    return holds ? [wrongAtRest('stock', `cancelled, but its stock is ${reservation.status}`)] : []
  }
  if (saga.status !== 'completed') return []
  if (reservation === undefined) return [wrongAtRest('stock', 'confirmed, but inventory does not know it')]
  if (reservation.status !== 'committed') {
    return [wrongAtRest('stock', `confirmed, but its reservation is ${reservation.status}`)]
  }
  return quantities(order.items) === quantities(reservation.items)
    ? []
    : [wrong('stock', 'confirmed, but other quantities were taken')]
}

/** The same text for the same quantities, whatever their order and however they are split into lines. */
function quantities(items: readonly Item[]): string {
  const sums = new Map<string, number>()
  for (const { sku, qty } of items) sums.set(sku, (sums.get(sku) ?? 0) + qty)
  return JSON.stringify([...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
