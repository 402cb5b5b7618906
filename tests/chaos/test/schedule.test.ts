import assert from 'node:assert/strict'
import { type Fault, faultKinds } from '../faults.ts'
import { schedule, summarize } from '../schedule.ts'

const durationMs = 5 * 60_000

describe('a schedule of faults', () => {
  const faults = schedule({ seed: 1, durationMs })

  it('is the same for the same seed, and different for another seed', () => {
    assert.deepEqual(schedule({ seed: 1, durationMs }), faults)
    assert.notDeepEqual(schedule({ seed: 2, durationMs }), faults)
  })

  it('has every kind of fault more than once in five minutes', () => {
    for (const { name, targets } of faultKinds) {
      const own = faults.filter((fault) => fault.name === name && (targets as readonly string[]).includes(fault.target))
      assert(own.length > 1, `${name} of ${targets.join()} occurs ${own.length} times`)
    }
  })

  it('ends within its duration and is in order', () => {
    assert(faults.every((fault) => fault.atMs + fault.durationMs <= durationMs))
    assert.deepEqual(
      faults.map(({ atMs }) => atMs),
      faults.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
    )
  })

  it('has overlapping faults, but not on the same resource', () => {
    const overlaps = (a: Fault, b: Fault): boolean => a !== b && a.atMs <= b.atMs && b.atMs < a.atMs + a.durationMs
    const pairs = faults.flatMap((a) => faults.filter((b) => overlaps(a, b)).map((b) => [a, b] as const))
    assert(pairs.length > faults.length / 2, `only ${pairs.length} overlaps of ${faults.length} faults`)
    assert.deepEqual(
      pairs.filter(([a, b]) => a.resource === b.resource),
      [],
    )
  })

  it('is summarized by kind', () => {
    const [kill, silence] = [
      { atMs: 0, name: 'kill', target: 'order', resource: 'service order', durationMs: 1, chance: 0 },
      { atMs: 0, name: 'silence', target: 'order-broker', resource: 'link order-broker', durationMs: 1, chance: 0 },
    ] as const
    assert.equal(summarize([kill, silence, silence]), '3 faults: kill order 1, silence link 2')
  })
})
