import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { guarantees, guaranteesText } from '../../support/guarantees.ts'
import { root } from '../../support/runner/test-files.ts'

/** The titles in a file of tests; what is put in when it runs may be anything. */
function titlesIn(file: string): RegExp[] {
  const source = readFileSync(file, 'utf8')
  return [...source.matchAll(/\b(?:it|describe)\(\s*(['"`])(?<title>(?:\\.|(?!\1).)+)\1/g)].map(({ groups = {} }) => {
    const title = (groups['title'] ?? '').replaceAll(/\\(.)/g, '$1')
    const parts = title.split(/\$\{[^}]*\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    return new RegExp(`^${parts.join('.+')}$`)
  })
}

describe('The page of guarantees', () => {
  it('has guarantees, each with its mechanism in two sentences and the tests that prove it', () => {
    assert(guarantees.length >= 20, `${guarantees.length} guarantees were found`)
    for (const { promise, mechanism, proofs } of guarantees) {
      assert.equal(mechanism.split(/(?<=\.) (?=[A-Z])/).length, 2, `${promise} ${mechanism}`)
      assert(proofs.length > 0, promise)
    }
    const linked = [...guaranteesText.matchAll(/\]\([^)]+\.test\.ts\)/g)].length
    assert.equal(guarantees.flatMap(({ proofs }) => proofs).length, linked, 'a link to a test has no title beside it')
  })

  for (const { promise, proofs } of guarantees) {
    it(`names tests that exist for: ${promise}`, () => {
      for (const { file, title } of proofs) {
        const path = `${root}${file}`
        assert(existsSync(path), `${file} does not exist`)
        assert(
          titlesIn(path).some((known) => known.test(title)),
          `${file} has no test "${title}"`,
        )
      }
    })
  }
})
