import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyMutant } from './mutant.ts'
import { resultOf } from './run-test.ts'

describe('The result of a test of a mutant', () => {
  const result = (title: string, message: string, code = ''): string =>
    resultOf({ passes: [], failures: [{ title, err: { message, code } }] }, 'test').kind

  it('is a failure by an assertion, by a condition that does not come, or by the audit', () => {
    assert.equal(result('test', '1 !== 2', 'ERR_ASSERTION'), 'failed')
    assert.equal(result('test', 'Timed out after 5 s waiting for the message.'), 'failed')
    assert.equal(result('"after all" hook for "test"', 'The audit found violations.\nmoney'), 'failed')
  })

  it('is broken by any other error, by a system that does not start, and without a test', () => {
    assert.equal(result('test', 'decide is not a function'), 'broken')
    assert.equal(result('test', 'Timeout of 30000ms exceeded.'), 'broken')
    assert.equal(result('"before all" hook for "test"', '1 !== 2', 'ERR_ASSERTION'), 'broken')
    assert.equal(resultOf({ passes: [], failures: [] }, 'test').kind, 'broken')
  })

  it('is passed if all tests with the title pass', () => {
    assert.equal(resultOf({ passes: [{}], failures: [] }, 'test').kind, 'passed')
  })
})

describe('A mutant', () => {
  let folder: string
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'order-saga-mutant-test-'))))
  after(() => rm(folder, { recursive: true }))

  const mutant = { name: 'm', promise: '', test: '', file: 'a.ts', original: 'a + b', replacement: 'a - b' }
  const text = (): Promise<string> => readFile(join(folder, 'a.ts'), 'utf8')

  it('changes one place, and restores the file', async () => {
    await writeFile(join(folder, 'a.ts'), 'return a + b')
    const restore = await applyMutant(folder, mutant)
    assert.equal(await text(), 'return a - b')
    await restore()
    assert.equal(await text(), 'return a + b')
  })

  it('is refused if its text occurs twice or not at all', async () => {
    for (const [content, count] of [
      ['a + b + a + b', 2],
      ['b + a', 0],
    ] as const) {
      await writeFile(join(folder, 'a.ts'), content)
      await assert.rejects(applyMutant(folder, mutant), new RegExp(`occurs ${count} times in a.ts, instead of once`))
      assert.equal(await text(), content)
    }
  })
})
