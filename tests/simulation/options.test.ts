import assert from 'node:assert/strict'
import { optionsFrom } from './options.ts'

describe('The options of the simulation', () => {
  for (const [setting, value] of [
    ['SEEDS', '9..1'],
    ['ORDERS', '0'],
    ['FAULTS', 'earthquake'],
    ['FAULT_LIMIT', 'many'],
    ['MISTAKE', 'typo'],
    ['SHRINK', 'perhaps'],
  ] as const) {
    it(`name ${setting} when it is wrong`, () => {
      assert.throws(() => optionsFrom({ [setting]: value }), new RegExp(`^Error: ${setting} must be .*"${value}"\\.$`))
    })
  }
})
