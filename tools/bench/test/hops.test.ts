import assert from 'node:assert/strict'
import { hopsOf } from '../src/hops.ts'

const path = ['order.created', 'payment.completed', 'inventory.reserved', 'order.confirmed']

describe('the hops of sagas', () => {
  it('are the times between consecutive events', () => {
    const saga = (name: string, times: readonly number[]) =>
      times.map((at, i) => ({ saga: name, event: path[i] ?? '', at }))
    const hops = hopsOf([...saga('a', [100, 110, 115, 123]), ...saga('b', [200, 230, 232, 233])])
    assert.deepEqual(
      hops.map(({ from, to, p50, p90 }) => [from, to, p50, p90]),
      [
        ['order.created', 'payment.completed', 30, 30],
        ['payment.completed', 'inventory.reserved', 5, 5],
        ['inventory.reserved', 'order.confirmed', 8, 8],
      ],
    )
  })

  it('exclude a missing step', () => {
    const hops = hopsOf([
      { saga: 'a', event: 'order.created', at: 1 },
      { saga: 'a', event: 'payment.completed', at: 4 },
      { saga: 'b', event: 'inventory.reserved', at: 9 },
    ])
    assert.equal(hops[0]?.p50, 3)
    assert.ok(Number.isNaN(hops[1]?.p50))
  })
})
