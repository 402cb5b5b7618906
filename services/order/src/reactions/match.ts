import { type Item, minorUnitsOf } from '@order-saga/contracts'

interface Amount {
  readonly amount: string
  readonly currency: string
}

/** Whether a payment is the order's: the same currency and the same number of its smallest unit. */
export function isOrdersAmount(paid: Amount, order: Amount): boolean {
  if (paid.currency !== order.currency) return false
  const minor = minorUnitsOf(order.amount, order.currency)
  return minor !== undefined && minor === minorUnitsOf(paid.amount, paid.currency)
}

/** Whether a refund is the order's: its amount, or 0 in any currency, with which payment answers if nothing was charged. */
export function isOrdersRefund(refunded: Amount, order: Amount): boolean {
  return Number(refunded.amount) === 0 || isOrdersAmount(refunded, order)
}

/** Whether a reservation is the order's: the same quantity of each SKU, on however many lines. */
export function isOrdersItems(reserved: readonly Item[], ordered: readonly Item[]): boolean {
  const [quantities, wanted] = [quantitiesOf(reserved), quantitiesOf(ordered)]
  return quantities.size === wanted.size && [...wanted].every(([sku, quantity]) => quantities.get(sku) === quantity)
}

function quantitiesOf(items: readonly Item[]): ReadonlyMap<string, number> {
  const quantities = new Map<string, number>()
  for (const { sku, qty } of items) quantities.set(sku, (quantities.get(sku) ?? 0) + qty)
  return quantities
}
