import { readFile, writeFile } from 'node:fs/promises'
import { guarantees } from '../support/guarantees.ts'

/** A change of one place in the sources that breaks a promise of docs/guarantees.md. */
export interface Mutant {
  readonly name: string
  /** The heading of the promise. */
  readonly promise: string
  /** Relative to the repository. */
  readonly file: string
  /** Occurs once in the file. */
  readonly original: string
  readonly replacement: string
  /** The title of the test, among those of the promise, that must fail. */
  readonly test: string
}

/** By the heading of the promise that they break. */
export type MutantsByPromise = Readonly<Record<string, readonly Omit<Mutant, 'promise'>[]>>

/**
 * The file of the mutant's test, relative to the repository.
 * @throws Error when the page of guarantees does not list the test under the promise
 */
export function testFileOf({ name, promise, test }: Mutant): string {
  const proofs = guarantees.find((guarantee) => guarantee.promise === promise)?.proofs
  if (proofs === undefined) throw new Error(`${name}: docs/guarantees.md has no promise "${promise}".`)
  const proof = proofs.find(({ title }) => title === test)
  if (proof === undefined) throw new Error(`${name}: docs/guarantees.md does not name "${test}" for "${promise}".`)
  return proof.file
}

/**
 * Applies the mutant to the sources under a folder.
 * @returns restores the file
 * @throws Error when the original text does not occur exactly once: the mutant must be adapted to its file
 */
export async function applyMutant(folder: string, mutant: Mutant): Promise<() => Promise<void>> {
  const { name, file, original, replacement } = mutant
  const path = `${folder}/${file}`
  const text = await readFile(path, 'utf8').catch(() => '')
  const places = text.split(original).length - 1
  if (places !== 1) throw new Error(`${name}: its original text occurs ${places} times in ${file}, instead of once.`)
  await writeFile(
    path,
    text.replace(original, () => replacement),
  )
  return () => writeFile(path, text)
}
