import { decimalsOf } from './currency.ts'

/** An exact sum: a whole number of the currency's smallest unit, at most 2^53 - 1. */
export interface Money {
  readonly minor: number
  readonly currency: string
}

/** The largest amount of one order, in whole units of its currency. */
export const largestAmount = 999_999_999.99

export type MoneyRefusal = { readonly field: 'amount' | 'currency'; readonly message: string }

/**
 * Reads the amount of a request. A JSON number has reached us as a double: its shortest decimal text is what the client
 * wrote, so the digits are taken from that text and no arithmetic is done on the double.
 */
export function moneyOf(amount: number, currency: string): Money | MoneyRefusal {
  const decimals = decimalsOf(currency)
  if (decimals === undefined) return { field: 'currency', message: 'must be an active ISO 4217 code' }
  if (!(amount > 0) || amount > largestAmount) {
    return { field: 'amount', message: `must be above 0 and at most ${largestAmount}` }
  }
  const minor = minorUnits(shortestDecimal(amount), decimals)
  if (minor === undefined) {
    const most = decimals === 0 ? 'no decimals' : `at most ${decimals} decimals`
    return { field: 'amount', message: `must have ${most} for ${currency}` }
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

/** The text of a positive number without an exponent: 1e-7 is 0.0000001. */
function shortestDecimal(value: number): string {
  const [mantissa = '', exponent] = String(value).split('e')
  if (exponent === undefined) return mantissa
  // Amounts end far below 1e21, where exponents start at the large end: this one is negative.
  return `0.${'0'.repeat(-Number(exponent) - 1)}${mantissa.replace('.', '')}`
}

function minorUnits(text: string, decimals: number): number | undefined {
  const match = /^(\d+)(?:\.(\d*?)0*)?$/.exec(text)
  if (match === null) return undefined
  const [, whole = '', fraction = ''] = match
  if (fraction.length > decimals) return undefined
  const minor = Number(whole + fraction.padEnd(decimals, '0'))
  return Number.isSafeInteger(minor) ? minor : undefined
}
