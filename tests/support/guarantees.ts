import { readFileSync } from 'node:fs'
import { root } from './runner/test-files.ts'

export interface Guarantee {
  /** The heading of its section. */
  readonly promise: string
  readonly mechanism: string
  /** The tests that fail without the mechanism. `file` is relative to the repository. */
  readonly proofs: readonly { readonly file: string; readonly title: string }[]
}

/** The page of guarantees. */
export const guaranteesText = readFileSync(`${root}docs/guarantees.md`, 'utf8')

/** A section per guarantee: the promise as its heading, the mechanism as a paragraph, the tests as a list. */
export const guarantees: readonly Guarantee[] = guaranteesText
  .split(/^### /m)
  .slice(1)
  .map((section) => {
    const [promise = ''] = section.split('\n', 1)
    const [, mechanism = ''] = /^Mechanism: ((?:.+\n)+)/m.exec(section) ?? []
    const proofs = [...section.matchAll(/^- \[[^\]]+\]\(\.\.\/(?<file>[^)]+)\)\s+"(?<title>[^"]+)"$/gm)]
    return {
      promise,
      mechanism: mechanism.trim().replaceAll('\n', ' '),
      proofs: proofs.map(({ groups = {} }) => ({ file: groups['file'] ?? '', title: groups['title'] ?? '' })),
    }
  })
