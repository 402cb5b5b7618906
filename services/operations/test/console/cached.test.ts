import assert from 'node:assert/strict'
import { Cached } from '../../src/console/cached.ts'

describe('A cached read', () => {
  let [at, reads] = [0, 0]
  let failure: Error | undefined
  const now = (): Date => new Date(at)
  const read = async (): Promise<number> => {
    reads += 1
    if (failure !== undefined) throw failure
    return reads
  }

  beforeEach(() => {
    ;[at, reads, failure] = [0, 0, undefined]
  })

  it('is shared by overlapping and by later calls until its time is over', async () => {
    const cached = new Cached(read, 1_000, now)
    assert.deepEqual(await Promise.all([cached.get(), cached.get()]), [1, 1])
    at = 999
    assert.equal(await cached.get(), 1)
    at = 1_000
    assert.equal(await cached.get(), 2)
    cached.clear()
    assert.equal(await cached.get(), 3)
  })

  it('returns the previous result when it takes too long', async () => {
    let finish: (value: string) => void = () => undefined
    const cached = new Cached(() => new Promise<string>((resolve) => (finish = resolve)), 1_000, now)
    assert.equal(await cached.getWithin(1), undefined)
    finish('first')
    assert.equal(await cached.getWithin(60_000), 'first')
    at = 1_000
    assert.equal(await cached.getWithin(1), 'first')
    finish('second')
    assert.equal(await cached.getWithin(60_000), 'second')
  })

  it('is repeated at once after a failure', async () => {
    const cached = new Cached(read, 1_000, now)
    failure = new Error('unavailable')
    await assert.rejects(cached.get(), failure)
    failure = undefined
    assert.equal(await cached.get(), 2)
  })
})
