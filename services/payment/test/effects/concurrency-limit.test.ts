import assert from 'node:assert/strict'
import { ConcurrencyLimit } from '../../src/effects/concurrency-limit.ts'

describe('The concurrency limit', () => {
  it('admits work up to the limit, and waiting work in order of arrival', async () => {
    const limit = new ConcurrencyLimit(1)
    const admitted: string[] = []
    assert(await limit.acquire())
    const waiting = ['first', 'second'].map(async (name) => {
      await limit.acquire()
      admitted.push(name)
    })
    limit.release()
    await waiting[0]
    assert.deepEqual(admitted, ['first'])
    limit.release()
    await Promise.all(waiting)
    assert.deepEqual(admitted, ['first', 'second'])
  })

  it('rejects at the time limit, and skips work that no longer waits', async () => {
    const limit = new ConcurrencyLimit(1)
    assert(await limit.acquire())
    assert.equal(await limit.acquire(1), false)
    limit.release()
    assert(await limit.acquire(1))
  })
})
