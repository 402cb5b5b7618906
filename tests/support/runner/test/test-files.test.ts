import assert from 'node:assert/strict'
import { allTestFiles, belongsTo, declared } from '../test-files.ts'

describe('what a test file declares', () => {
  it('is nothing for a file without declarations: it runs in every tier', () => {
    const file = declared('x.test.ts', "import assert from 'node:assert/strict'\n")
    assert.deepEqual(file, { path: 'x.test.ts', needs: [], slow: undefined })
    assert(belongsTo('unit', file) && belongsTo('quick', file) && belongsTo('all', file))
  })

  it('keeps a file with servers out of make test-unit', () => {
    const file = declared('x.test.ts', '// needs: database, broker\n')
    assert.deepEqual(file.needs, ['database', 'broker'])
    assert(!belongsTo('unit', file) && belongsTo('quick', file) && belongsTo('all', file))
  })

  it('keeps a slow file out of make test', () => {
    const file = declared('x.test.ts', '// needs: system\n// slow: many seeds\n')
    assert.equal(file.slow, 'many seeds')
    assert(!belongsTo('unit', file) && !belongsTo('quick', file) && belongsTo('all', file))
  })

  it('is refused when it is no known need', () => {
    assert.throws(() => declared('x.test.ts', '// needs: databse\n'), {
      message: 'x.test.ts needs "databse", which is none of database, broker, system, own-servers.',
    })
  })

  it('is read from every test file of the repository', async () => {
    const files = await allTestFiles()
    const find = (path: string) => files.find((file) => file.path === path)
    assert.deepEqual(find('tests/simulation/simulation.test.ts')?.needs, ['own-servers'])
    assert.deepEqual(find('tests/support/runner/test/test-files.test.ts')?.needs, [])
  })
})
