import assert from 'node:assert/strict'
import { explore } from './explore.ts'
import { formatCounterexample } from './format.ts'
import { production } from './parts.ts'
import { check } from './saga-model.ts'
import { finalStates } from './final-states.ts'

describe('The model of one order', function () {
  this.timeout(180_000)

  it('satisfies every invariant in every interleaving, and can always complete', () => {
    const { counterexample, ends: found, cut, states } = check(production)
    assert(counterexample === undefined, counterexample && formatCounterexample('The system', counterexample))
    assert.equal(cut, 0)
    assert(states > 50_000, `only ${states} states`)
    assert.deepEqual([...found.keys()].toSorted(), finalStates)
  })
})

describe('The exploration', () => {
  /** A counter that goes up to 5, by one or by two. */
  const counter = {
    initial: [{ label: 'start', state: 0 }],
    key: String,
    steps: (at: number) => [2, 1].filter((by) => at + by <= 5).map((by) => ({ label: `+${by}`, next: at + by })),
    brokenIn: (): string | undefined => undefined,
    brokenAtEnd: (): string | undefined => undefined,
    endOf: String,
  }

  it('visits every state and counts the ends', () => {
    assert.deepEqual(explore(counter), { states: 6, steps: 9, depth: 3, ends: new Map([['5', 1]]) })
  })

  it('finds the shortest path to a violating state, step or end', () => {
    const atFour = explore({ ...counter, brokenIn: (at) => (at === 4 ? 'four' : undefined) })
    assert.deepEqual(atFour.counterexample, { broken: 'four', steps: ['start', '+2', '+2'] })
    const atEnd = explore({ ...counter, brokenAtEnd: () => 'ended' })
    assert.deepEqual(atEnd.counterexample, { broken: 'ended', steps: ['start', '+2', '+2', '+1'] })
    const steps = (at: number): { label: string; next: number; broken?: string }[] =>
      counter.steps(at).map((step) => (step.next === 3 ? { ...step, broken: 'three' } : step))
    assert.deepEqual(explore({ ...counter, steps }).counterexample, { broken: 'three', steps: ['start', '+2', '+1'] })
  })

  it('finds a cycle without an exit', () => {
    const steps = (at: number): { label: string; next: number }[] =>
      at === 3 || at === 9 ? [{ label: 'round', next: at === 3 ? 9 : 3 }] : counter.steps(at)
    const { counterexample } = explore({ ...counter, steps })
    assert.deepEqual(counterexample, { broken: 'no end can be reached any more', steps: ['start', '+2', '+1'] })
  })

  it('stops with an error when there are too many states', () => {
    const steps = (at: number): { label: string; next: number }[] => [{ label: 'up', next: at + 1 }]
    assert.throws(() => explore({ ...counter, steps }, 100), /more than 100 states/)
  })
})
