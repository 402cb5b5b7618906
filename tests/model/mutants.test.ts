// slow: twenty-one explorations
import assert from 'node:assert/strict'
import { formatCounterexample } from './format.ts'
import { check } from './saga-model.ts'
import { mutants } from './mutants.ts'

describe('The model of one order, with a defect,', function () {
  this.timeout(180_000)

  for (const { name, parts, violates, steps } of mutants) {
    it(`violates an invariant if ${name}`, () => {
      const { counterexample } = check(parts)
      assert(counterexample !== undefined, 'nothing was found')
      assert.equal(counterexample.broken, violates, formatCounterexample(name, counterexample))
      assert.equal(counterexample.steps.length - 1, steps, formatCounterexample(name, counterexample))
    })
  }
})
