import assert from 'node:assert/strict'
import { sameAmount } from '../src/audit/checks/money.ts'

describe('amounts', () => {
  it('are equal regardless of trailing zeros', () => {
    for (const [a, b] of [
      ['10.5', '10.5000'],
      ['10', '10.00'],
      ['100', '100.0000'],
      ['0', '0.00'],
    ] as const) {
      assert.equal(sameAmount(a, b), true, `${a} ${b}`)
    }
  })

  it('differ when a digit differs or is missing', () => {
    for (const [a, b] of [
      ['10.5', '10.05'],
      ['10', '100'],
      ['1', '10'],
      ['10.50', '10.51'],
      [null, '0'],
      [null, null],
    ] as const) {
      assert.equal(sameAmount(a, b), false, `${a} ${b}`)
    }
  })
})
