import { createHash } from 'node:crypto'
import type { Item } from '@order-saga/contracts'

/** This SKU is always out of stock: it lets one running system show the compensation. */
export const neverInStock = 'SIM-NONE'

/** Whether an order is to meet empty shelves: by its SKU, or by a hash of its id against the rate, the same in every run. */
export function isShortBySimulation(orderId: string, items: readonly Item[], failureRate: number): boolean {
  if (items.some((item) => item.sku === neverInStock)) return true
  const hash = createHash('sha256').update(`reserve:${orderId}`).digest().readUInt32BE(0)
  // Stryker disable next-line EqualityOperator: no configured rate is exactly the quotient of a hash.
  return hash / 2 ** 32 < failureRate
}
