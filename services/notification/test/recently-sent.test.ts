import assert from 'node:assert/strict'
import { RecentlySent } from '../src/domain/recently-sent.ts'

describe('recently sent', () => {
  it('has the ids that were added', () => {
    const recentlySent = new RecentlySent()
    recentlySent.add('a')
    assert.equal(recentlySent.has('a'), true)
    assert.equal(recentlySent.has('b'), false)
  })

  it('evicts the oldest id when it is full, also if that was added again', () => {
    const recentlySent = new RecentlySent(2)
    for (const eventId of ['a', 'b', 'a', 'c']) recentlySent.add(eventId)
    assert.deepEqual(
      ['a', 'b', 'c'].map((eventId) => recentlySent.has(eventId)),
      [false, true, true],
    )
  })

  it('has the last 10,000 ids by default', () => {
    const recentlySent = new RecentlySent()
    for (let i = 0; i <= 10_000; i += 1) recentlySent.add(String(i))
    assert.deepEqual(
      ['0', '1', '10000'].map((eventId) => recentlySent.has(eventId)),
      [false, true, true],
    )
  })
})
