import assert from 'node:assert/strict'
import { sameAmount } from '../src/audit/checks/money.ts'

describe('amounts', () => {
  it('are the same however many zeros they end in', () => {
    for (const [a, b] of [
      ['10.5', '10.5000'],
      ['10', '10.00'],
      ['100', '100.0000'],
      ['0', '0.00'],
    ] as const) {
      assert.equal(sameAmount(a, b), true, `${a} ${b}`)
    }
  })

  it('are others when a digit is, or when there is none', () => {
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
