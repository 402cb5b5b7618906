import type { History } from '../history.ts'
import { sameItems } from './orphans.ts'

/** Compares stock and reservations with the final status of orders, per SKU and per order. */
export function checkStock({ orders, reservations, stock }: History): string[] {
  const found: string[] = []
  const reservationOf = new Map(reservations.map((reservation) => [reservation.orderId, reservation]))
  const sold = new Map<string, number>()
  for (const { orderId, status, items } of orders) {
    const reservation = reservationOf.get(orderId)
    const allocated = reservation?.status === 'reserved' || reservation?.status === 'committed'
    if (status === 'cancelled' && allocated)
      found.push(`order ${orderId} is cancelled, its stock is ${reservation.status}`)
    if (status !== 'confirmed') continue
    for (const { sku, qty } of items) sold.set(sku, (sold.get(sku) ?? 0) + qty)
    if (reservation?.status !== 'committed') {
      found.push(`order ${orderId} is confirmed, its stock is ${reservation?.status ?? 'unknown to inventory'}`)
    } else if (!sameItems(reservation.items, items)) {
      found.push(`order ${orderId} is confirmed, and other items were shipped`)
    }
  }
  for (const { sku, received, available, reserved, shipped } of stock) {
    const ordered = sold.get(sku) ?? 0
    if (shipped !== ordered) found.push(`${ordered} of ${sku} are in confirmed orders, ${shipped} were shipped`)
    if (reserved !== 0) found.push(`${reserved} of ${sku} are reserved without an order`)
    if (available < 0 || received !== available + reserved + shipped) {
      found.push(`${received} of ${sku} received, but ${available} available, ${reserved} reserved, ${shipped} shipped`)
    }
  }
  return found
}
