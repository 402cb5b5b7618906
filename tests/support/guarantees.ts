import { readFileSync } from 'node:fs'
import { root } from './runner/test-files.ts'

export interface Proof {
  /** Relative to the repository. */
  readonly file: string
  readonly title: string
}

/** A section with a claim and the tests that prove it. */
export interface ProvenSection {
  readonly heading: string
  /** The paragraph that begins with the label. */
  readonly mechanism: string
  readonly proofs: readonly Proof[]
  readonly text: string
}

/** The sections of a page: the claim as heading, a paragraph that begins with the label, the tests as a list. */
export function provenSections(page: string, label: string): readonly ProvenSection[] {
  return page
    .split(/^### /m)
    .slice(1)
    .map((text) => {
      const [heading = ''] = text.split('\n', 1)
      const [, mechanism = ''] = new RegExp(`^${label}: ((?:.+\n)+)`, 'm').exec(text) ?? []
      const proofs = [...text.matchAll(/^- \[[^\]]+\]\(\.\.\/(?<file>[^)]+)\)\s+"(?<title>[^"]+)"$/gm)]
      return {
        heading,
        mechanism: mechanism.trim().replaceAll('\n', ' '),
        proofs: proofs.map(({ groups = {} }) => ({ file: groups['file'] ?? '', title: groups['title'] ?? '' })),
        text,
      }
    })
}

/** The page of guarantees. */
export const guaranteesText = readFileSync(`${root}docs/guarantees.md`, 'utf8')

/** A section per guarantee: the promise as its heading, its mechanism, and the tests that fail without it. */
export const guarantees = provenSections(guaranteesText, 'Mechanism').map(({ heading, ...section }) => ({
  promise: heading,
  ...section,
}))
