import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'

const folder = new URL('../../src/console/page/', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8')
const scripts = readdirSync(folder).filter((name) => name.endsWith('.ts'))

describe('the scripts of the console', () => {
  it('use only ids that the page has', () => {
    const page = read('index.html')
    const used = scripts.flatMap((name) => [...read(name).matchAll(/byId\('([^']+)'\)/g)].map(([, id]) => id ?? ''))
    assert(used.length > 0)
    assert.deepEqual(
      used.filter((id) => !page.includes(` id="${id}"`)),
      [],
    )
  })
})
