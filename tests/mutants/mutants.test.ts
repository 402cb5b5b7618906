import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { guarantees } from '../support/guarantees.ts'
import { root } from '../support/runner/test-files.ts'
import { testFileOf } from './mutant.ts'
import { mutants } from './mutants.ts'

describe('The mutants', () => {
  it('have names of their own', () => {
    const names = mutants.map(({ name }) => name)
    assert.deepEqual(names, [...new Set(names)])
  })

  for (const { promise } of guarantees) {
    it(`break the promise: ${promise}`, () => {
      assert(mutants.some((mutant) => mutant.promise === promise))
    })
  }

  for (const mutant of mutants) {
    it(`apply to one place and name a test of their promise: ${mutant.name}`, () => {
      const { file, original, replacement } = mutant
      const places = readFileSync(`${root}${file}`, 'utf8').split(original).length - 1
      assert.equal(places, 1, `its original text occurs ${places} times in ${file}`)
      assert.notEqual(replacement, original)
      testFileOf(mutant)
    })
  }
})
