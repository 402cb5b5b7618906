import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** The repository. */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * The servers that a test file uses: a database or queues on the servers that all files of a run share, a running system (both, and
 * the four services), or servers of its own because it kills, pauses or configures them.
 */
export const needs = ['database', 'broker', 'system', 'own-servers'] as const
export type Need = (typeof needs)[number]

export const tiers = ['unit', 'quick', 'all'] as const
/** `unit`: files that need nothing. `quick`: these and all others that are not slow. `all`: every file. */
export type Tier = (typeof tiers)[number]

export interface TestFile {
  /** Relative to the repository. */
  readonly path: string
  readonly needs: readonly Need[]
  /** Why it runs in `make test-all` only; undefined when it is part of `make test`. */
  readonly slow: string | undefined
}

/** Run by configurations of their own, or to make pictures. */
const elsewhere = /^tests\/system\/(compose|pictures)\//

/**
 * Reads what a test file declares in its first lines: `// needs: database, broker` and `// slow: reason`.
 * @throws Error when it declares an unknown need
 */
export function declared(path: string, text: string): TestFile {
  const head = text.split('\n', 2)
  const read = (word: string): string | undefined =>
    head.find((line) => line.startsWith(`// ${word}: `))?.slice(`// ${word}: `.length)
  const found = read('needs')?.split(', ') ?? []
  const unknown = found.find((need) => !(needs as readonly string[]).includes(need))
  if (unknown !== undefined) throw new Error(`${path} needs "${unknown}", which is none of ${needs.join(', ')}.`)
  return { path, needs: found as Need[], slow: read('slow') }
}

export async function readTestFile(path: string): Promise<TestFile> {
  return declared(path, await readFile(`${root}${path}`, 'utf8'))
}

export function belongsTo(tier: Tier, file: TestFile): boolean {
  if (tier === 'all') return true
  return file.slow === undefined && (tier === 'quick' || file.needs.length === 0)
}

/** All test files that `make test-all` runs. */
export async function allTestFiles(): Promise<TestFile[]> {
  const folders = ['packages', 'services', 'tests', 'tools']
  const paths = (await Promise.all(folders.map(testsIn))).flat()
  return await Promise.all(paths.filter((path) => !elsewhere.test(path)).map(readTestFile))
}

async function testsIn(folder: string): Promise<string[]> {
  const entries = await readdir(`${root}${folder}`, { withFileTypes: true })
  const found = await Promise.all(
    entries.map(async (entry) => {
      const { name } = entry
      const path = `${folder}/${name}`
      if (name === 'node_modules' || name === 'dist') return []
      if (entry.isDirectory()) return await testsIn(path)
      return name.endsWith('.test.ts') ? [path] : []
    }),
  )
  return found.flat()
}
