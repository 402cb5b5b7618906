import type { InventoryFailure, Item } from '@order-saga/contracts'
import type { ReservationRecord, ReservedItem, Warehouse } from '../store/reservations.ts'

export interface StockPolicy {
  /** Whether an item nobody ever put on a shelf is taken as available without limit. */
  readonly acceptUnknownSku: boolean
}

/** Why the items cannot all be had, with the sku that is short; undefined when they can. */
export function shortageOf(
  items: readonly Item[],
  warehouse: Warehouse,
  policy: StockPolicy,
): { reason: InventoryFailure; sku: string } | undefined {
  for (const [sku, qty] of totals(items)) {
    const stock = warehouse.stockOf(sku)
    if (stock === undefined) {
      if (!policy.acceptUnknownSku) return { reason: 'unknown_sku', sku }
    } else if (stock.available < qty) {
      return { reason: 'out_of_stock', sku }
    }
  }
  return undefined
}

/** Takes all items from the free stock. */
export function reserve(reservation: ReservationRecord, items: readonly Item[], warehouse: Warehouse): void {
  reservation.items = items.map(({ sku, qty }): ReservedItem => ({
    sku,
    qty,
    tracked: warehouse.stockOf(sku) !== undefined,
  }))
  eachTracked(reservation, warehouse, (stock, qty) => {
    stock.available -= qty
    stock.moved.available -= qty
    stock.moved.reserved += qty
  })
}

/** Gives all items back to the free stock. */
export function release(reservation: ReservationRecord, warehouse: Warehouse): void {
  eachTracked(reservation, warehouse, (stock, qty) => {
    stock.available += qty
    stock.moved.available += qty
    stock.moved.reserved -= qty
  })
}

/** The reserved items leave the house. */
export function ship(reservation: ReservationRecord, warehouse: Warehouse): void {
  eachTracked(reservation, warehouse, (stock, qty) => {
    stock.moved.reserved -= qty
    stock.moved.shipped += qty
  })
}

function eachTracked(
  { items, orderId }: ReservationRecord,
  warehouse: Warehouse,
  move: (stock: NonNullable<ReturnType<Warehouse['stockOf']>>, qty: number) => void,
): void {
  for (const { sku, qty, tracked } of items) {
    if (!tracked) continue
    const stock = warehouse.stockOf(sku)
    if (stock === undefined) throw new Error(`the stock of ${sku}, held by order ${orderId}, is not loaded`)
    move(stock, qty)
  }
}

/** The same sku may stand on several lines of an order. */
function totals(items: readonly Item[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { sku, qty } of items) sums.set(sku, (sums.get(sku) ?? 0) + qty)
  return sums
}
