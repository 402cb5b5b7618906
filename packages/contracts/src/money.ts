import { decimalsOf, noCurrency } from './currency.ts'
import type { Problem } from './validation.ts'

/** An exact sum: a whole number of the currency's smallest unit, at most 2^53 - 1. */
export interface Money {
  readonly minor: number
  readonly currency: string
}

/** The largest amount of one order, in whole units of its currency. */
export const largestAmount = 999_999_999.99

const rangeWanted = `must be above 0 and at most ${largestAmount}`
const decimalsWanted = (decimals: number, currency: string): string =>
  `must have ${decimals === 0 ? 'no decimals' : `at most ${decimals} decimals`} for ${currency}`

export type MoneyRefusal = { readonly field: 'amount' | 'currency'; readonly message: string }

/**
 * Reads the amount of a request. A JSON number has reached us as a double: its shortest decimal text is what the client
 * wrote, so the digits are taken from that text and no arithmetic is done on the double. The text has an exponent only
 * below 1e-6, which is no amount of any currency.
 */
export function moneyOf(amount: number, currency: string): Money | MoneyRefusal {
  const decimals = decimalsOf(currency)
  if (decimals === undefined) return { field: 'currency', message: 'must be an active ISO 4217 code' }
  if (!(amount > 0) || amount > largestAmount) {
    return { field: 'amount', message: rangeWanted }
  }
  const minor = minorUnits(String(amount), decimals)
  if (minor === undefined) {
    return { field: 'amount', message: decimalsWanted(decimals, currency) }
  }
  return { minor, currency }
}

export function isRefusal(money: Money | MoneyRefusal): money is MoneyRefusal {
  return 'field' in money
}

/**
 * Reads a decimal text such as PostgreSQL's numeric gives; zeros at its end do not count as decimals.
 * @throws when it is no amount of that currency
 */
export function moneyFromDecimal(text: string, currency: string): Money {
  const minor = minorUnitsOf(text, currency)
  if (minor === undefined) throw new Error(`${text} is no amount of ${currency}`)
  return { minor, currency }
}

/** The same as a number of the currency's smallest unit; undefined when it is no amount of that currency. */
export function minorUnitsOf(text: string, currency: string): number | undefined {
  const decimals = decimalsOf(currency)
  return decimals === undefined ? undefined : minorUnits(text, decimals)
}

/** The sum with exactly the decimals of its currency: `125.50` for USD, `100` for JPY. */
export function decimalOf({ minor, currency }: Money): string {
  const decimals = decimalsOf(currency) ?? 0
  if (decimals === 0) return String(minor)
  const digits = String(minor).padStart(decimals + 1, '0')
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}

function minorUnits(text: string, decimals: number): number | undefined {
  const match = /^(\d+)(?:\.(\d*?)0*)?$/.exec(text)
  if (match === null) return undefined
  const [, whole = '', fraction = ''] = match
  if (fraction.length > decimals) return undefined
  const minor = Number(whole + fraction.padEnd(decimals, '0'))
  return Number.isSafeInteger(minor) ? minor : undefined
}

/**
 * The rules of the money in an event: those of a request, with the amount as a decimal text. Zeros after the currency's
 * decimals are allowed, because PostgreSQL's numeric keeps them.
 */
export function checkMoney({
  amount,
  currency,
}: {
  readonly amount: string
  readonly currency: string
}): Problem | undefined {
  const decimals = decimalsOf(currency)
  if (decimals === undefined) return { field: 'currency', message: 'must be an active ISO 4217 code' }
  const minor = minorUnits(amount, decimals)
  if (minor === undefined) return { field: 'amount', message: decimalsWanted(decimals, currency) }
  return minor > 0 && Number(amount) <= largestAmount ? undefined : { field: 'amount', message: rangeWanted }
}

/** The same for a refund, whose amount is 0 when nothing was charged; its currency is then XXX if the order is unknown. */
export function checkRefundedMoney(money: { readonly amount: string; readonly currency: string }): Problem | undefined {
  const isNothing = /^0(\.0+)?$/.test(money.amount)
  if (isNothing && (money.currency === noCurrency || decimalsOf(money.currency) !== undefined)) return undefined
  return checkMoney(money)
}
