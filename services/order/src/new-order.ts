import { isRefusal, type Item, type Money, moneyOf, type MoneyRefusal } from '@order-saga/contracts'

/** A requested order that is not accepted yet. */
export interface NewOrder {
  readonly customerId: string | undefined
  readonly customerEmail: string
  readonly items: readonly Item[]
  readonly total: Money
}

export interface OrderWish {
  readonly customerId?: string | undefined
  readonly customerEmail: string
  readonly items: readonly Item[]
  readonly amount: number
  readonly currency?: string | undefined
}

export const defaultCurrency = 'USD'

/** @returns the order, or what is wrong with its money; everything else about it is a matter of the schema. */
export function newOrderOf(wish: OrderWish): NewOrder | MoneyRefusal {
  const { customerId, customerEmail, items, amount, currency = defaultCurrency } = wish
  const total = moneyOf(amount, currency)
  return isRefusal(total) ? total : { customerId, customerEmail, items, total }
}
