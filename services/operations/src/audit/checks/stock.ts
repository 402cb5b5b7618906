import type { Item } from '@order-saga/contracts'
import { type Finding, type OrderCheck, violation, unlessInFlight } from '../finding.ts'
import { isCancelled, type OrderRow, type ReservationRow, type SagaRow } from '../order-facts.ts'

/** Invariant 4 per order: the reserved or shipped stock. */
export const checkStock: OrderCheck = ({ order, saga, reservation }) => {
  if (order === undefined || saga === undefined) {
    const orphaned = order === undefined && saga === undefined && hasStock(reservation)
    return orphaned ? [violation('stock', 'stock is reserved for an order that does not exist')] : []
  }
  const findings = finalStock(order, saga, reservation)
  if (reservation !== undefined && reservation.sagaId !== saga.sagaId) {
    findings.push(violation('stock', 'its reservation references another saga'))
  }
  return findings
}

function hasStock(reservation: ReservationRow | undefined): reservation is ReservationRow {
  return reservation?.status === 'reserved' || reservation?.status === 'committed'
}

function finalStock(order: OrderRow, saga: SagaRow, reservation: ReservationRow | undefined): Finding[] {
  if (isCancelled(saga) && hasStock(reservation)) {
    return [unlessInFlight('stock', `cancelled, but its stock is ${reservation.status}`)]
  }
  if (saga.status !== 'completed') return []
  if (reservation === undefined) return [unlessInFlight('stock', 'confirmed, but inventory has no record of the order')]
  if (reservation.status !== 'committed') {
    return [unlessInFlight('stock', `confirmed, but its reservation is ${reservation.status}`)]
  }
  return quantities(order.items) === quantities(reservation.items)
    ? []
    : [violation('stock', 'confirmed, but other quantities were reserved')]
}

function quantities(items: readonly Item[]): string {
  const sums = new Map<string, number>()
  for (const { sku, qty } of items) sums.set(sku, (sums.get(sku) ?? 0) + qty)
  return JSON.stringify([...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
