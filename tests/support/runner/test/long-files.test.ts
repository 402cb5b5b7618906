import assert from 'node:assert/strict'
import { longFiles, tooLong } from '../long-files.ts'
import { allTestFiles } from '../test-files.ts'

describe('the limit of a test file', () => {
  it('is 20 s for a file that is not listed', () => {
    assert.deepEqual(tooLong({ 'tests/x.test.ts': 20 }, 200), [])
    assert.match(
      tooLong({ 'tests/x.test.ts': 21 }, 200).join(),
      /^tests\/x\.test\.ts took 21 s, and may take 20 s .*: make it/,
    )
  })

  it('is the listed one for a file that is', () => {
    const [[path, { seconds }] = assert.fail()] = Object.entries(longFiles)
    assert.deepEqual(tooLong({ [path]: seconds }, 200), [])
    assert.equal(tooLong({ [path]: seconds + 1 }, 200).length, 1)
  })

  it('grows by the square of the duration of the whole run, as on a busy machine', () => {
    assert.deepEqual(tooLong({ 'tests/x.test.ts': 79 }, 400), [])
    assert.equal(tooLong({ 'tests/x.test.ts': 81 }, 400).length, 1)
  })

  it('is listed for existing files of make test only', async () => {
    const quick = (await allTestFiles()).filter(({ slow }) => slow === undefined).map(({ path }) => path)
    for (const path of Object.keys(longFiles)) assert(quick.includes(path), path)
  })
})
