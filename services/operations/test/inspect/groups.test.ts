import assert from 'node:assert/strict'
import { groupOf, groupsOf, normalizedReason } from '../../src/inspect/dead-letters/groups.ts'
import type { DeadLetter } from '../../src/inspect/dead-letters/dead-letter.ts'

const letter = (reason: string, more: Partial<DeadLetter> = {}): DeadLetter =>
  ({ event: 'order.created', queue: 'payment_queue', reason, deadLetteredAt: undefined, ...more }) as DeadLetter

describe('The groups of dead letters', () => {
  for (const [reason, expected] of [
    ['order 01a21966-1d37-7368-a0bc-971aecdd112f is locked', 'order <id> is locked'],
    ['order 01a219661d377368a0bc971aecdd112f is locked', 'order <id> is locked'],
    ['charge of 12.50 USD, attempt 3 of 5', 'charge of <n> USD, attempt <n> of <n>'],
    ['page 0x7f31 of relation SKU-17 at 2026-01-02T03:04:05.678Z', 'page <n> of relation <n> at <n>'],
    ['connection 10.0.0.7:5432 refused', 'connection <n> refused'],
    ['  shelf   index is\ncorrupted ', 'shelf index is corrupted'],
    ['', ''],
  ] as const) {
    it(`have the reason "${expected}" for "${reason.trim()}"`, () => assert.equal(normalizedReason(reason), expected))
  }

  it('have a count, a first and a last time, and the same id in every listing', () => {
    const [first, last] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-01-02T00:00:00Z')]
    const letters = [
      letter('order 17 failed', { deadLetteredAt: last }),
      letter('order 18 failed', { deadLetteredAt: first }),
      letter('order 19 failed'),
      letter('order 17 failed', { queue: 'inventory_queue' }),
      letter('other'),
    ]
    const groups = groupsOf(letters)
    assert.deepEqual(
      groups.map(({ queue, reason, count }) => [queue, reason, count]),
      [
        ['payment_queue', 'order <n> failed', 3],
        ['inventory_queue', 'order <n> failed', 1],
        ['payment_queue', 'other', 1],
      ],
    )
    assert.deepEqual([groups[0]?.first, groups[0]?.last], [first, last])
    assert.equal(groups[0]?.group, groupOf(letter('order 4711 failed')))
  })
})
