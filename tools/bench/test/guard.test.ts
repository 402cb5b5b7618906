import assert from 'node:assert/strict'
import { formatGuard } from '../src/guard-report.ts'
import { type GuardFigures, evaluate, limits } from '../src/limits.ts'

const good: GuardFigures = {
  confirms: 4,
  rows: 21,
  statements: 3,
  transactions: 1,
  roundTrips: 1,
  statementsAt70: 15,
  transactionsAt70: 6,
  roundTripsAt70: 8,
  shareOfMessages: 20,
  shareOfSql: 10,
  violations: 0,
}

const exceededBy = (figures: GuardFigures): string[] =>
  evaluate(figures).flatMap(({ limit, passed }) => (passed ? [] : [limit.figure]))

describe('the limits of the guard', () => {
  it('accept a good run', () => {
    assert.deepEqual(exceededBy(good), [])
  })

  it('exist for each figure, with a bound and a reason', () => {
    assert.deepEqual(limits.map(({ figure }) => figure).toSorted(), Object.keys(good).toSorted())
    for (const { min, max, reason, name } of limits) {
      assert.ok(min !== undefined || max !== undefined, name)
      assert.match(reason, /^[A-Z].+\.$/, name)
    }
  })

  for (const { figure, min, max } of limits) {
    for (const [bound, beyond] of [
      [min, (min ?? 0) - 0.01],
      [max, (max ?? 0) + 0.01],
    ] as const) {
      if (bound === undefined) continue
      it(`are exceeded by ${beyond} for ${figure}, but not by ${bound}`, () => {
        assert.deepEqual(exceededBy({ ...good, [figure]: beyond }), [figure])
        assert.deepEqual(exceededBy({ ...good, [figure]: bound }), [])
      })
    }

    it(`are exceeded by NaN for ${figure}`, () => {
      assert.deepEqual(exceededBy({ ...good, [figure]: Number.NaN }), [figure])
    })
  }
})

describe('the report of the guard', () => {
  it('ends with the counts', () => {
    const lines = formatGuard(evaluate(good)).split('\n')
    assert.equal(lines.at(-1), 'tests: 11 passed, 0 failed, 0 skipped')
    assert.equal(lines.filter((line) => line.endsWith('ok')).length, 11)
  })

  it('has the reason of an exceeded limit', () => {
    const text = formatGuard(evaluate({ ...good, rows: 40 }))
    assert.match(text, /rows written per saga +40\.00 +at most 30 +EXCEEDED/)
    assert.match(text, /\nrows written per saga: .+\./)
    assert.match(text, /\ntests: 10 passed, 1 failed, 0 skipped$/)
  })
})
