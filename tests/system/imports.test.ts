import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What each package may import of ours. A service knows no other service: they meet in the contracts. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  contracts: [],
  chassis: ['contracts'],
  order: ['chassis', 'contracts'],
  payment: ['chassis', 'contracts'],
  inventory: ['chassis', 'contracts'],
  notification: ['chassis', 'contracts'],
  // It foresees what a message would do, by the services' own reactions; no service knows of it.
  operations: ['chassis', 'contracts', 'order', 'payment', 'inventory'],
  local: [],
}

/** The files of the contracts that hold no single event: the chassis delivers events and knows none of them. */
const withoutEvents = ['envelope.ts', 'event-type.ts', 'validation.ts']

interface Import {
  /** Relative to the folder of all packages. */
  readonly file: string
  readonly from: string
  /** Empty when everything, or nothing but the side effects, is imported. */
  readonly names: readonly string[]
}

const packages = fileURLToPath(new URL('../../', import.meta.url))
const statement =
  /^(?:import|export)\s(?:type\s+)?(?:(?<names>[^'"();]*?)\s*from\s*)?'(?<from>[^']+)'|\bimport\('(?<later>[^']+)'\)/gm

function importsOf(name: string): Import[] {
  const source = join(packages, name, 'src')
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  return files.flatMap((path) => {
    const file = join(name, 'src', path)
    return [...readFileSync(join(packages, file), 'utf8').matchAll(statement)].map(({ groups = {} }) => ({
      file,
      from: groups['from'] ?? groups['later'] ?? '',
      names: namesIn(groups['names'] ?? ''),
    }))
  })
}

/** The names in `{ a, type b as c }`, as the exporting file calls them. */
function namesIn(clause: string): string[] {
  const list = /\{([^}]*)\}/.exec(clause)?.[1] ?? ''
  return list.split(',').flatMap((item) => /^\s*(?:type\s+)?(\w+)/.exec(item)?.[1] ?? [])
}

const describeImport = ({ file, from }: Import): string => `${file} imports ${from}`

describe('Imports', () => {
  const all = new Map(Object.keys(allowed).map((name) => [name, importsOf(name)]))

  it('are found in every package', () => {
    for (const [name, imports] of all) assert(imports.length > 0, name)
    const messaging = all.get('chassis')?.find(({ file }) => file === 'chassis/src/messaging/message.ts')
    assert.deepEqual(messaging?.names, ['checkerOf', 'Envelope', 'EnvelopeSchema', 'EventType'])
  })

  for (const [name, others] of Object.entries(allowed)) {
    it(`of ${name} are of ${others.join(' and ') || 'nothing'} of ours`, () => {
      const wrong = (all.get(name) ?? []).filter(({ from }) => {
        const own = /^@order-saga\/(.+)$/.exec(from)?.[1]
        return own !== undefined && !others.includes(own)
      })
      assert.deepEqual(wrong.map(describeImport), [])
    })
  }

  it('by a path stay in their package, and out of its tests', () => {
    const wrong = [...all].flatMap(([name, imports]) =>
      imports.filter(({ file, from }) => {
        const target = relative(packages, resolve(packages, dirname(file), from))
        return from.startsWith('.') && !target.startsWith(join(name, 'src/'))
      }),
    )
    assert.deepEqual(wrong.map(describeImport), [])
  })

  it('from elsewhere are of packages that are declared', () => {
    const wrong = [...all].flatMap(([name, imports]) => {
      const manifest = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8')) as {
        dependencies?: Record<string, string>
      }
      const declared = Object.keys(manifest.dependencies ?? {})
      return imports.filter(
        ({ from }) =>
          !/^(\.|node:)/.test(from) && !declared.some((known) => from === known || from.startsWith(`${known}/`)),
      )
    })
    assert.deepEqual(wrong.map(describeImport), [])
  })

  it('of the contracts by the chassis are of what all events have in common', () => {
    const exported = withoutEvents.flatMap((file) => {
      const text = readFileSync(join(packages, 'contracts/src', file), 'utf8')
      return [...text.matchAll(/^export (?:const|function|type|interface) (\w+)/gm)].map((match) => match[1])
    })
    assert(exported.includes('EventType'))
    const used = (all.get('chassis') ?? []).filter(({ from }) => from === '@order-saga/contracts')
    assert(used.length > 0)
    const wrong = used.filter(({ names }) => names.length === 0 || names.some((name) => !exported.includes(name)))
    assert.deepEqual(
      wrong.map((each) => `${describeImport(each)}: ${each.names.join(', ')}`),
      [],
    )
  })

  for (const [name, imports] of all) {
    it(`in ${name} do not go in a circle`, () => {
      const targets = new Map<string, string[]>()
      for (const { file, from } of imports.filter((each) => each.from.startsWith('.'))) {
        targets.set(file, [...(targets.get(file) ?? []), join(dirname(file), from)])
      }
      assert.deepEqual(circlesIn(targets), [])
    })
  }
})

/** Each circle once, as the path that closes it. */
function circlesIn(targets: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = []
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].join(' > '))
      return
    }
    if (done.has(file)) return
    for (const target of targets.get(file) ?? []) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of targets.keys()) visit(file, [])
  return circles
}
