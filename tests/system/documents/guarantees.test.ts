import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { guarantees, guaranteesText, type Proof, provenSections } from '../../support/guarantees.ts'
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

/** @throws AssertionError when a test that is named does not exist */
function assertTestsExist(proofs: readonly Proof[]): void {
  for (const { file, title } of proofs) {
    const path = `${root}${file}`
    assert(existsSync(path), `${file} does not exist`)
    assert(
      titlesIn(path).some((known) => known.test(title)),
      `${file} has no test "${title}"`,
    )
  }
}

function assertEachLinkHasATitle(text: string, sections: readonly { readonly proofs: readonly Proof[] }[]): void {
  const linked = [...text.matchAll(/\]\([^)]+\.test\.ts\)/g)].length
  assert.equal(sections.flatMap(({ proofs }) => proofs).length, linked, 'a link to a test has no title beside it')
}

describe('The page of guarantees', () => {
  it('has guarantees, each with its mechanism in two sentences and the tests that prove it', () => {
    assert(guarantees.length >= 20, `${guarantees.length} guarantees were found`)
    for (const { promise, mechanism, proofs } of guarantees) {
      assert.equal(mechanism.split(/(?<=\.) (?=[A-Z])/).length, 2, `${promise} ${mechanism}`)
      assert(proofs.length > 0, promise)
    }
    assertEachLinkHasATitle(guaranteesText, guarantees)
  })

  for (const { promise, proofs } of guarantees) {
    it(`names tests that exist for: ${promise}`, () => assertTestsExist(proofs))
  }
})

describe('The threat model', () => {
  const page = readFileSync(`${root}docs/security.md`, 'utf8')
  const threats = provenSections(page, 'Control')

  it('has threats, each with its control, the tests that attack it, and what is open', () => {
    assert(threats.length >= 20, `${threats.length} threats were found`)
    for (const { heading, mechanism, proofs, text } of threats) {
      assert(mechanism !== '', `${heading} has no control`)
      assert(proofs.length > 0, `${heading} names no test`)
      assert.match(text, /^Open: .+/m, `${heading} does not say what is open`)
    }
    assertEachLinkHasATitle(page, threats)
  })

  it('has threats by every attacker', () => {
    const attackers = [...page.matchAll(/^## (.+)\n\n### /gm)].map(([, attacker]) => attacker)
    assert.deepEqual(attackers, [
      'Anonymous client',
      'Customer',
      'Operator',
      'One compromised service',
      'Network',
      'Reader of logs or of a back-up',
    ])
  })

  for (const { heading, proofs } of threats) {
    it(`names tests that exist for: ${heading}`, () => assertTestsExist(proofs))
  }
})
