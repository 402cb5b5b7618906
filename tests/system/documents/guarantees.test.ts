import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'

const page = new URL('../../../docs/guarantees.md', import.meta.url)
const text = readFileSync(page, 'utf8')

interface Guarantee {
  readonly promise: string
  readonly mechanism: string
  readonly proofs: readonly { readonly file: string; readonly title: string }[]
}

/** A section per guarantee: the promise as its heading, the mechanism as a paragraph, the tests as a list. */
const guarantees: readonly Guarantee[] = text
  .split(/^### /m)
  .slice(1)
  .map((section) => {
    const [promise = ''] = section.split('\n', 1)
    const [, mechanism = ''] = /^Mechanism: ((?:.+\n)+)/m.exec(section) ?? []
    const proofs = [...section.matchAll(/^- \[[^\]]+\]\((?<file>[^)]+)\)\s+"(?<title>[^"]+)"$/gm)]
    return {
      promise,
      mechanism: mechanism.trim().replaceAll('\n', ' '),
      proofs: proofs.map(({ groups = {} }) => ({ file: groups['file'] ?? '', title: groups['title'] ?? '' })),
    }
  })

/** The titles in a file of tests; what is put in when it runs may be anything. */
function titlesIn(file: URL): RegExp[] {
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
    const linked = [...text.matchAll(/\]\([^)]+\.test\.ts\)/g)].length
    assert.equal(guarantees.flatMap(({ proofs }) => proofs).length, linked, 'a link to a test has no title beside it')
  })

  for (const { promise, proofs } of guarantees) {
    it(`names tests that exist for: ${promise}`, () => {
      for (const { file, title } of proofs) {
        const url = new URL(file, page)
        assert(existsSync(url), `${file} does not exist`)
        assert(
          titlesIn(url).some((known) => known.test(title)),
          `${file} has no test "${title}"`,
        )
      }
    })
  }
})
