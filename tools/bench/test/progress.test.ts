import assert from 'node:assert/strict'
import { rateBetween, watchProgress } from '../src/progress.ts'

describe('the rate of a progress', () => {
  const slowAtFirst = [
    { atMs: 0, count: 0 },
    { atMs: 5_000, count: 500 },
    { atMs: 6_000, count: 700 },
    { atMs: 7_000, count: 900 },
    // The total was reached at an unknown time since the previous sample.
    { atMs: 12_000, count: 1_000 },
  ]

  it('is measured from the given ratio to the last sample before the total', () => {
    assert.equal(rateBetween(slowAtFirst, 1_000, 0.5), 200)
    assert.equal(rateBetween(slowAtFirst, 1_000, 0), 900 / 7)
  })

  it('is undefined when the total was reached between two samples', () => {
    assert.throws(() => rateBetween(slowAtFirst, 1_000, 0.8), {
      message: /^1000 were completed before two samples were taken/,
    })
    assert.throws(() => rateBetween([], 1_000, 0))
  })
})

describe('watching a progress', () => {
  it('ends when the total is reached', async () => {
    let count = 0
    const samples = await watchProgress(async () => (count += 4), { total: 10, intervalMs: 1, limitMs: 10_000 })
    assert.deepEqual(
      samples.map((sample) => sample.count),
      [4, 8, 12],
    )
  })

  it('fails at the limit', async () => {
    const watching = watchProgress(async () => 3, { total: 10, intervalMs: 1, limitMs: 10 })
    await assert.rejects(watching, { message: 'Only 3 of 10 were completed within 0.01 s.' })
  })
})
