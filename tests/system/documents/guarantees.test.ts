import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'

const page = new URL('../../../docs/guarantees.md', import.meta.url)
const text = readFileSync(page, 'utf8')

interface Row {
  readonly promise: string
  readonly mechanism: string
  readonly proofs: readonly { readonly file: string; readonly title: string }[]
}

const rows: readonly Row[] = text.split('\n').flatMap((line) => {
  const cells = line.split('|').map((cell) => cell.trim())
  const [, promise = '', mechanism = '', proof = ''] = cells
  if (cells.length !== 5 || promise === 'Promise' || /^-+$/.test(promise)) return []
  const proofs = [...proof.matchAll(/\]\((?<file>[^)]+)\) "(?<title>[^"]+)"/g)].map(({ groups = {} }) => ({
    file: groups['file'] ?? '',
    title: groups['title'] ?? '',
  }))
  return [{ promise, mechanism, proofs }]
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
  it('has promises, each with its mechanism in two sentences and a proof', () => {
    assert(rows.length >= 20, `${rows.length} promises were found`)
    for (const { promise, mechanism, proofs } of rows) {
      assert.equal(mechanism.split(/(?<=\.) (?=[A-Z])/).length, 2, `${promise} ${mechanism}`)
      assert(proofs.length > 0, promise)
    }
  })

  for (const { promise, proofs } of rows) {
    it(`names tests that exist for: ${promise}`, () => {
      for (const { file, title } of proofs) {
        const url = new URL(file, page)
        assert(existsSync(url), `${file} is not there`)
        assert(
          titlesIn(url).some((known) => known.test(title)),
          `${file} has no test "${title}"`,
        )
      }
    })
  }

  it('leads to pages that exist', () => {
    for (const [, file = ''] of text.matchAll(/\]\(([^)#]+)\)/g)) assert(existsSync(new URL(file, page)), file)
  })
})
