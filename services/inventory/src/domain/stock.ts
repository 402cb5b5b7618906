import type { InventoryFailure, Item } from '@order-saga/contracts'

/** Quantities of one SKU: free, held for open orders, and sold. */
export interface StockLevel {
  readonly available: number
  readonly reserved: number
  readonly shipped: number
}

/** The levels of an order's SKUs. One that was never stocked has none. */
export type Stock = ReadonlyMap<string, StockLevel>

/** An item of a reservation. One that is not tracked (an accepted unknown SKU) took nothing from stock. */
export interface ReservedItem extends Item {
  readonly tracked: boolean
}

export interface Shortage {
  readonly reason: Exclude<InventoryFailure, 'order_cancelled'>
  readonly sku: string
}

/** Why the items cannot all be reserved, with the first SKU that is short; undefined when they can. */
export function shortageOf(items: readonly Item[], stock: Stock, acceptUnknownSku: boolean): Shortage | undefined {
  const needed = new Map<string, number>()
  // The same SKU may be on several lines of an order.
  for (const { sku, qty } of items) needed.set(sku, (needed.get(sku) ?? 0) + qty)
  for (const [sku, qty] of needed) {
    const level = stock.get(sku)
    if (level === undefined && !acceptUnknownSku) return { reason: 'unknown_sku', sku }
    if (level !== undefined && level.available < qty) return { reason: 'out_of_stock', sku }
  }
  return undefined
}

/** By how much one unit of an item changes each quantity. */
const perUnit = {
  reserve: { available: -1, reserved: 1, shipped: 0 },
  release: { available: 1, reserved: -1, shipped: 0 },
  ship: { available: 0, reserved: -1, shipped: 1 },
} as const

/** The stock after the items have moved: reserved from the free quantity, released back to it, or sold. */
export function moveStock(stock: Stock, items: readonly ReservedItem[], move: keyof typeof perUnit): Stock {
  const unit = perUnit[move]
  const next = new Map(stock)
  for (const { sku, qty, tracked } of items) {
    if (!tracked) continue
    const level = next.get(sku)
    if (level === undefined) throw new Error(`the stock of ${sku} is not loaded`)
    next.set(sku, {
      available: level.available + unit.available * qty,
      reserved: level.reserved + unit.reserved * qty,
      shipped: level.shipped + unit.shipped * qty,
    })
  }
  return next
}
