import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { currencies, decimalsOf } from '../src/currency.ts'
import {
  checkMoney,
  checkRefundedMoney,
  decimalOf,
  isRefusal,
  largestAmount,
  type Money,
  moneyFromDecimal,
  moneyOf,
} from '../src/money.ts'

function accepted(amount: number, currency: string): Money {
  const money = moneyOf(amount, currency)
  if (isRefusal(money)) throw new assert.AssertionError({ message: `${amount} ${currency} ${money.message}` })
  return money
}

function refusal(amount: number, currency: string): string {
  const money = moneyOf(amount, currency)
  return isRefusal(money) ? `${money.field} ${money.message}` : `accepted as ${decimalOf(money)}`
}

/** Decimal text with the point moved left: what `minor` units of the currency are, made without arithmetic on doubles. */
function reference(minor: number, decimals: number): string {
  const whole = BigInt(minor) / 10n ** BigInt(decimals)
  const rest = BigInt(minor) % 10n ** BigInt(decimals)
  return decimals === 0 ? String(whole) : `${whole}.${String(rest).padStart(decimals, '0')}`
}

const currency = fc.constantFrom(...currencies)

describe('money', () => {
  const examples: [number, string, string][] = [
    [125.5, 'USD', '125.50'],
    [100, 'USD', '100.00'],
    [100, 'JPY', '100'],
    [0.01, 'USD', '0.01'],
    [0.001, 'KWD', '0.001'],
    [0.0001, 'CLF', '0.0001'],
    [1e2, 'EUR', '100.00'],
    [4.35, 'USD', '4.35'],
    [1.005, 'BHD', '1.005'],
    [999_999_999.99, 'USD', '999999999.99'],
    [999_999_999, 'JPY', '999999999'],
  ]
  for (const [amount, code, text] of examples) {
    it(`reads ${amount} ${code} as ${text}`, () => assert.equal(decimalOf(accepted(amount, code)), text))
  }

  const refused: [number, string, string][] = [
    [0, 'USD', 'amount must be above 0 and at most 999999999.99'],
    [-0, 'USD', 'amount must be above 0 and at most 999999999.99'],
    [-1, 'USD', 'amount must be above 0 and at most 999999999.99'],
    [1e9, 'USD', 'amount must be above 0 and at most 999999999.99'],
    [999_999_999.999, 'KWD', 'amount must be above 0 and at most 999999999.99'],
    [1e21, 'USD', 'amount must be above 0 and at most 999999999.99'],
    [Number.POSITIVE_INFINITY, 'USD', 'amount must be above 0 and at most 999999999.99'],
    [Number.NaN, 'USD', 'amount must be above 0 and at most 999999999.99'],
    [1e-7, 'USD', 'amount must have at most 2 decimals for USD'],
    [1.5e-9, 'CLF', 'amount must have at most 4 decimals for CLF'],
    [5e-324, 'USD', 'amount must have at most 2 decimals for USD'],
    [0.1 + 0.2, 'USD', 'amount must have at most 2 decimals for USD'],
    [1.005, 'USD', 'amount must have at most 2 decimals for USD'],
    [0.5, 'JPY', 'amount must have no decimals for JPY'],
    [1, 'usd', 'currency must be an active ISO 4217 code'],
    [1, 'XXX', 'currency must be an active ISO 4217 code'],
    [1, 'DEM', 'currency must be an active ISO 4217 code'],
    [1, 'constructor', 'currency must be an active ISO 4217 code'],
  ]
  for (const [amount, code, message] of refused) {
    it(`refuses ${amount} ${code}: ${message}`, () => assert.equal(refusal(amount, code), message))
  }

  it('accepts every amount with the decimals of its currency, to the last unit', () => {
    fc.assert(
      fc.property(currency, fc.integer({ min: 1, max: 99_999_999_999 }), (code, minor) => {
        const decimals = decimalsOf(code) ?? 0
        const text = reference(minor, decimals)
        fc.pre(Number(text) <= largestAmount)
        const money = accepted(Number(text), code)
        assert.deepEqual(money, { minor, currency: code })
        assert.equal(decimalOf(money), text)
        assert.deepEqual(moneyFromDecimal(text, code), money)
      }),
    )
  })

  it('returns the posted number exactly, or refuses it', () => {
    fc.assert(
      fc.property(currency, fc.double({ min: 0, max: 2e9, noNaN: true }), (code, amount) => {
        const money = moneyOf(amount, code)
        if (isRefusal(money)) return
        assert.equal(Number(decimalOf(money)), amount)
      }),
    )
  })

  it('refuses one decimal more than the currency has', () => {
    fc.assert(
      fc.property(
        currency,
        fc.integer({ min: 0, max: 999_999 }),
        fc.integer({ min: 1, max: 9 }),
        (code, whole, last) => {
          const text = `${whole}.${'0'.repeat(decimalsOf(code) ?? 0)}${last}`
          assert.match(refusal(Number(text), code), /^amount must have /)
        },
      ),
    )
  })

  it('reads amounts of the database with and without trailing zeros', () => {
    assert.equal(decimalOf(moneyFromDecimal('125.5000', 'USD')), '125.50')
    assert.equal(decimalOf(moneyFromDecimal('100', 'USD')), '100.00')
    assert.equal(decimalOf(moneyFromDecimal('100.0000', 'JPY')), '100')
    assert.throws(() => moneyFromDecimal('1.001', 'USD'), /1\.001 is no amount of USD/)
    assert.throws(() => moneyFromDecimal('1', 'XXX'), /1 is no amount of XXX/)
    assert.throws(() => moneyFromDecimal('-1', 'USD'), /-1 is no amount of USD/)
  })

  it('knows the active currencies of ISO 4217 with their decimals, in alphabetical order', () => {
    const withDecimals = (count: number): string[] => currencies.filter((code) => decimalsOf(code) === count)
    assert.deepEqual(
      [0, 2, 3, 4].map((count) => withDecimals(count).length),
      [17, 139, 7, 2],
    )
    assert.deepEqual(currencies, currencies.toSorted())
  })

  const range = 'amount must be above 0 and at most 999999999.99'
  const events: [string, string, string, string][] = [
    ['12.5', 'USD', '', ''],
    ['12.5000', 'USD', '', ''],
    ['999999999.99', 'USD', '', ''],
    ['1000000000', 'USD', range, range],
    ['12.501', 'USD', 'amount must have at most 2 decimals for USD', 'amount must have at most 2 decimals for USD'],
    ['0.5', 'JPY', 'amount must have no decimals for JPY', 'amount must have no decimals for JPY'],
    ['-1', 'USD', 'amount must have at most 2 decimals for USD', 'amount must have at most 2 decimals for USD'],
    ['1', 'XXX', 'currency must be an active ISO 4217 code', 'currency must be an active ISO 4217 code'],
    ['0', 'USD', range, ''],
    ['0.00', 'USD', range, ''],
    ['0', 'XXX', 'currency must be an active ISO 4217 code', ''],
    ['0', 'DEM', 'currency must be an active ISO 4217 code', 'currency must be an active ISO 4217 code'],
    ['10', 'XXX', 'currency must be an active ISO 4217 code', 'currency must be an active ISO 4217 code'],
    ['0.01', 'XXX', 'currency must be an active ISO 4217 code', 'currency must be an active ISO 4217 code'],
  ]
  for (const [amount, code, charged, refunded] of events) {
    it(`checks ${amount} ${code} in an event`, () => {
      const text = (problem: ReturnType<typeof checkMoney>): string =>
        problem === undefined ? '' : `${problem.field} ${problem.message}`
      assert.equal(text(checkMoney({ amount, currency: code })), charged)
      assert.equal(text(checkRefundedMoney({ amount, currency: code })), refunded)
    })
  }
})
