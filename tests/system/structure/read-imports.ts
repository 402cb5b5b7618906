import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'

/** One import, re-export or dynamic import. Paths are relative to the repository's root. */
export interface Import {
  readonly file: string
  readonly specifier: string
  /** The imported file, if it is ours; a package of ours counts as its index. */
  readonly target: string | undefined
  /** Empty when only the side effects are imported; `*` for a namespace. */
  readonly names: readonly string[]
  readonly isTypeOnly: boolean
}

export const root = fileURLToPath(new URL('../../../', import.meta.url))
const folders = ['packages', 'services', 'tools', 'tests', 'charts/test', 'migrations']

/** The source and test files of all folders, without what is built or installed. */
export function sourceFiles(): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((path) => join(folder, path))
      .filter((path) => /\.[cm]?[jt]sx?$/.test(path) && !/\/(?:node_modules|dist)\//.test(path)),
  )
}

export const packages: ReadonlyMap<string, { readonly name: string; readonly declared: readonly string[] }> = new Map([
  ...sourceFolders().map((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest
    const { name, dependencies, optionalDependencies, devDependencies } = manifest
    // The images leave out devDependencies.
    const developed = /^(?:packages|services)\//.test(folder) ? {} : devDependencies
    const declared = Object.keys({ ...dependencies, ...optionalDependencies, ...developed })
    return [folder, { name, declared }] as const
  }),
  // Not a workspace: it has what the root's manifest installs, the workspaces included.
  [
    'tools/ci',
    { name: '', declared: [...Object.keys({ ...rootManifest().devDependencies }), '@order-saga/contracts'] },
  ] as const,
])

interface Manifest {
  readonly name: string
  readonly dependencies?: object
  readonly optionalDependencies?: object
  readonly devDependencies?: object
}

function sourceFolders(): string[] {
  return rootManifest().workspaces
}

function rootManifest(): Manifest & { readonly workspaces: string[] } {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest & { readonly workspaces: string[] }
}

export function importsOf(file: string, text = readFileSync(join(root, file), 'utf8')): Import[] {
  const { module, errors } = parseSync(file, text)
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`)
  const imports = module.staticImports.map(({ moduleRequest, entries }) => ({
    specifier: moduleRequest.value,
    entries: entries.map(({ importName, isType }) => ({ name: importName.name ?? '*', isType })),
  }))
  const reExports = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest, importName, isType }) =>
      moduleRequest === null
        ? []
        : [{ specifier: moduleRequest.value, entries: [{ name: importName.name ?? '*', isType }] }],
    ),
  )
  const dynamic = module.dynamicImports.map(({ moduleRequest: { start, end } }) => ({
    specifier: text.slice(start + 1, end - 1),
    entries: [{ name: '*', isType: false }],
  }))
  return [...imports, ...reExports, ...dynamic].map(({ specifier, entries }) => ({
    file,
    specifier,
    target: targetOf(file, specifier),
    names: entries.map(({ name }) => name),
    isTypeOnly: entries.length > 0 && entries.every(({ isType }) => isType),
  }))
}

function targetOf(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return join(dirname(file), specifier)
  for (const [folder, { name }] of packages) {
    if (specifier === name) return join(folder, 'src/index.ts')
    if (specifier.startsWith(`${name}/`)) return `${join(folder, specifier.slice(name.length + 1))}.ts`
  }
  return undefined
}
