import type { Item } from '@order-saga/contracts'
import { type Finding, type OrderCheck, wrong, wrongAtRest } from '../finding.ts'
import { isCancelled, type OrderRow, type ReservationRow, type SagaRow } from '../order-facts.ts'

/** Invariant 4, order by order: what inventory holds or has shipped for it. */
export const checkStock: OrderCheck = ({ order, saga, reservation }) => {
  if (order === undefined || saga === undefined) {
    const ghost = order === undefined && saga === undefined && holdsStock(reservation)
    return ghost ? [wrong('stock', 'stock is held for an order that does not exist')] : []
  }
  const findings = atEnd(order, saga, reservation)
  if (reservation !== undefined && reservation.sagaId !== saga.sagaId) {
    findings.push(wrong('stock', 'its reservation names another saga'))
  }
  return findings
}

function holdsStock(reservation: ReservationRow | undefined): reservation is ReservationRow {
  return reservation?.status === 'reserved' || reservation?.status === 'committed'
}

function atEnd(order: OrderRow, saga: SagaRow, reservation: ReservationRow | undefined): Finding[] {
  if (isCancelled(saga) && holdsStock(reservation)) {
    return [wrongAtRest('stock', `cancelled, but its stock is ${reservation.status}`)]
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
