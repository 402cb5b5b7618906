import assert from 'node:assert/strict'
import { type Fault, faultKinds } from '../faults.ts'
import { schedule, summary } from '../schedule.ts'

const durationMs = 5 * 60_000

describe('A schedule of faults', () => {
  const faults = schedule({ seed: 1, durationMs })

  it('is the same for the same seed, and another for another', () => {
    assert.deepEqual(schedule({ seed: 1, durationMs }), faults)
    assert.notDeepEqual(schedule({ seed: 2, durationMs }), faults)
  })

  it('has every kind of fault, more than once in five minutes', () => {
    for (const { name, targets } of faultKinds) {
      const own = faults.filter((fault) => fault.name === name && (targets as readonly string[]).includes(fault.target))
      assert(own.length > 1, `${name} of ${targets.join()} comes up ${own.length} times`)
    }
  })

  it('is over when its time is, and in order', () => {
    assert(faults.every(({ atMs, forMs }) => atMs + forMs <= durationMs))
    assert.deepEqual(
      faults.map(({ atMs }) => atMs),
      faults.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
    )
  })

  it('has faults that overlap, and none on the same resource', () => {
    const overlaps = (a: Fault, b: Fault): boolean => a !== b && a.atMs <= b.atMs && b.atMs < a.atMs + a.forMs
    const pairs = faults.flatMap((a) => faults.filter((b) => overlaps(a, b)).map((b) => [a, b] as const))
    assert(pairs.length > faults.length / 2, `only ${pairs.length} overlaps of ${faults.length} faults`)
    assert.deepEqual(
      pairs.filter(([a, b]) => a.resource === b.resource),
      [],
    )
  })

  it('is summed up by kind', () => {
    const [kill, silence] = [
      { atMs: 0, name: 'kill', target: 'order', resource: 'service order', forMs: 1, chance: 0 },
      { atMs: 0, name: 'silence', target: 'order-broker', resource: 'link order-broker', forMs: 1, chance: 0 },
    ] as const
    assert.equal(summary([kill, silence, silence]), '3 faults: kill order 1, silence link 2')
  })
})
