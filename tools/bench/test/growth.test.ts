import assert from 'node:assert/strict'
import type { GrowthResult, Round } from '../src/growth.ts'
import { comparisons, regressions, throughputs } from '../src/growth-figures.ts'
import { formatGrowth } from '../src/growth-report.ts'
import { somePhase } from './some-phase.ts'

function round(name: string, saturation = 1_000): Round {
  return {
    name,
    phases: [
      somePhase(`${name}, saturation`, { completed: saturation }),
      somePhase(`${name}, idle`, { completed: 100 }),
    ],
    databaseMiB: 50,
  }
}

function grown(more: Partial<GrowthResult> = {}): GrowthResult {
  return {
    options: { orders: 10, published: 5, backlog: 1, soakMinutes: 1, seconds: 10, open: 4, seed: 1 },
    rounds: [round('empty'), round('full', 900), round('soaked', 950)],
    backlog: { orders: 500, accepted: 800, workedOff: 110 },
    soak: [somePhase('soak 1', { completed: 850 }), somePhase('soak 2', { completed: 800 })],
    violations: '',
    ...more,
  }
}

describe('growth', () => {
  it('compares each phase with the same phase on empty tables, and the soak with saturation', () => {
    assert.deepEqual(
      comparisons(grown()).map(({ phase, empty }) => `${phase.name} / ${empty.name}`),
      [
        'full, saturation / empty, saturation',
        'full, idle / empty, idle',
        'soak 1 / empty, saturation',
        'soak 2 / empty, saturation',
        'soaked, saturation / empty, saturation',
        'soaked, idle / empty, idle',
      ],
    )
  })

  it('has the ratios of all throughputs', () => {
    assert.deepEqual(
      throughputs(grown()).map(({ name, perSecond, ratio }) => [name, perSecond, ratio]),
      [
        ['full, saturation', 90, 0.9],
        ['full, idle', 10, 1],
        ['soak 1', 85, 0.85],
        ['soak 2', 80, 0.8],
        ['soaked, saturation', 95, 0.95],
        ['soaked, idle', 10, 1],
        ['backlog', 110, 1.1],
      ],
    )
  })

  it('has no regression while no throughput falls below 0.8', () => {
    assert.deepEqual(regressions(grown()), [])
    assert.deepEqual(regressions(grown({ backlog: undefined, soak: [], rounds: [round('empty'), round('full')] })), [])
  })

  it('names each regression', () => {
    const rounds = [round('empty'), round('full', 799)]
    assert.deepEqual(
      regressions(grown({ rounds })).map(({ name }) => name),
      ['full, saturation'],
    )
    const backlog = { orders: 500, accepted: 800, workedOff: 79 }
    assert.deepEqual(
      regressions(grown({ backlog })).map(({ name }) => name),
      ['backlog'],
    )
  })

  it('counts a missing ratio as a regression', () => {
    assert.equal(
      regressions(grown({ rounds: [round('empty', 0), round('full', 0)], backlog: undefined, soak: [] })).length,
      1,
    )
  })
})

describe('the report of growth', () => {
  it('has each figure with its ratio to empty tables', () => {
    const lines = formatGrowth(grown()).split('\n')
    assert.match(lines[1] ?? '', /^empty, saturation +100 /)
    assert.match(lines[3] ?? '', /^full, saturation +90\.0 \(0\.90\) +10\.0 \(1\.00\)/)
    assert.ok(lines.includes('and processed at 110 sagas/s (1.10 of the saturation on empty tables).'))
    assert.equal(lines.at(-1), 'The audit of all orders is clean.')
  })

  it('ends with the regressions', () => {
    const text = formatGrowth(grown({ rounds: [round('empty'), round('full', 500)] }))
    assert.match(text, /\nfull, saturation: the throughput fell to 0\.50 of that on empty tables; minimum 0\.8\.$/)
  })

  it('has the violations of the audit, or states that there was none', () => {
    assert.match(formatGrowth(grown({ violations: 'stock' })), /The audit found violations: stock$/)
    assert.match(formatGrowth(grown({ violations: undefined })), /No audit: too many orders\.$/)
  })
})
