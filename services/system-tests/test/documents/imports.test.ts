import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** What each package may import of ours. Tests may import what they need. */
const allowed: Record<string, readonly string[]> = {
  contracts: [],
  chassis: ['contracts'],
  order: ['chassis', 'contracts'],
  payment: ['chassis', 'contracts'],
  inventory: ['chassis', 'contracts'],
  notification: ['chassis', 'contracts'],
  operations: ['chassis', 'contracts'],
  local: [],
}

/** The form of the published language; the events themselves are none of the chassis's business. */
const formOnly = new Set([
  'Checked',
  'checkerOf',
  'Envelope',
  'EnvelopeSchema',
  'EventType',
  'PayloadOf',
  'Problem',
  'ServiceName',
])

interface Import {
  readonly file: string
  readonly names: readonly string[]
  readonly from: string
}

function importsOf(name: string): Import[] {
  const source = join(root, name, 'src')
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  return files.flatMap((file) => {
    const text = readFileSync(join(source, file), 'utf8')
    const found = text.matchAll(/^(?:import|export)\s+(?:type\s+)?(?:(\{[^}]*\}|[\w*\s{},]+?)\s+from\s+)?'([^']+)'/gm)
    return [...found].map(([, names = '', from = '']) => ({
      file: join(source, file),
      names: [...names.matchAll(/(?:type\s+)?(\w+)(?:\s+as\s+\w+)?/g)]
        .map(([, imported = '']) => imported)
        .filter((word) => word !== 'type'),
      from,
    }))
  })
}

describe('imports', () => {
  for (const [name, mayImport] of Object.entries(allowed)) {
    it(`of ${name} go to ${mayImport.join(' and ') || 'nothing of ours'}`, () => {
      const imports = importsOf(name)
      assert.ok(imports.length > 0, 'no import was found at all')
      for (const { file, from } of imports) {
        const ours = /^@order-saga\/([^/]+)(\/.*)?$/.exec(from)
        if (ours !== null) {
          assert.ok(mayImport.includes(ours[1] ?? ''), `${relative(root, file)} imports ${from}`)
          assert.equal(ours[2], undefined, `${relative(root, file)} imports an inner file: ${from}`)
        }
        if (from.startsWith('.')) {
          const target = relative(join(root, name, 'src'), resolve(dirname(file), from))
          assert.equal(target.startsWith('..'), false, `${relative(root, file)} leaves its package: ${from}`)
        }
      }
    })
  }

  it('of the chassis take the form of events from the contracts, and no event', () => {
    for (const { file, names, from } of importsOf('chassis')) {
      if (from !== '@order-saga/contracts') continue
      for (const word of names) assert.ok(formOnly.has(word), `${relative(root, file)} imports ${word}`)
    }
  })

  it('run in no circles', () => {
    for (const name of Object.keys(allowed)) {
      const edges = new Map<string, string[]>()
      for (const { file, from } of importsOf(name)) {
        if (from.startsWith('.')) edges.set(file, [...(edges.get(file) ?? []), resolve(dirname(file), from)])
      }
      const done = new Set<string>()
      const visit = (file: string, path: readonly string[]): void => {
        assert.equal(
          path.includes(file),
          false,
          `a circle: ${[...path, file].map((step) => relative(root, step)).join(' → ')}`,
        )
        if (done.has(file)) return
        for (const next of edges.get(file) ?? []) visit(next, [...path, file])
        done.add(file)
      }
      for (const file of edges.keys()) visit(file, [])
    }
  })
})
