// slow: six explorations
import assert from 'node:assert/strict'
import { finalStates } from './final-states.ts'
import { forgeries } from './forgeries.ts'
import { formatCounterexample } from './format.ts'
import { attacked, misreported, type Parts, upgrading } from './parts.ts'
import { check } from './saga-model.ts'

const endsWithoutProof = finalStates.filter((end) => end !== 'completed')

describe('The model of one order satisfies every invariant', function () {
  this.timeout(180_000)

  const variants: readonly [string, Parts, readonly string[]][] = [
    ['with pods of the previous release beside those of this one', upgrading, finalStates],
    ['with a payment service that reports another amount, and confirms no order', misreported, endsWithoutProof],
  ]
  for (const [name, parts, expected] of variants) {
    it(name, () => {
      const { counterexample, ends: found, cut } = check(parts)
      assert(counterexample === undefined, counterexample && formatCounterexample(name, counterexample))
      assert.equal(cut, 0)
      assert.deepEqual([...found.keys()].toSorted(), expected)
    })
  }
})

describe('The model of one order confirms it only with both proofs, and keeps no money of another,', function () {
  this.timeout(180_000)

  for (const forged of Object.values(forgeries)) {
    it(`with ${forged.label} that no service has published`, () => {
      const { counterexample, ends: found, cut } = check(attacked(forged))
      assert(counterexample === undefined, counterexample && formatCounterexample(forged.label, counterexample))
      assert.equal(cut, 0)
      assert(found.has('completed') && found.has('timeout_cancelled, timeout, refunded'))
    })
  }
})
