// slow: twenty-one explorations
import assert from 'node:assert/strict'
import { formatCounterexample } from './format.ts'
import { check } from './saga-model.ts'
import { twins } from './twins.ts'

describe('The model of one order, with a mistake,', function () {
  this.timeout(180_000)

  for (const { name, parts, breaks, steps } of twins) {
    it(`is broken if ${name}`, () => {
      const { counterexample } = check(parts)
      assert(counterexample !== undefined, 'nothing was found')
      assert.equal(counterexample.broken, breaks, formatCounterexample(name, counterexample))
      assert.equal(counterexample.steps.length - 1, steps, formatCounterexample(name, counterexample))
    })
  }
})
