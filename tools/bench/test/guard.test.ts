import assert from 'node:assert/strict'
import { formatGuard } from '../src/guard-report.ts'
import { type GuardFigures, judge, limits } from '../src/limits.ts'

const good: GuardFigures = {
  confirms: 4,
  rows: 21,
  statements: 3,
  transactions: 1,
  shareOfMessages: 20,
  shareOfSql: 10,
  violations: 0,
}

const brokenBy = (figures: GuardFigures): string[] =>
  judge(figures).flatMap(({ limit, kept }) => (kept ? [] : [limit.figure]))

describe('The limits of the guard', () => {
  it('are kept by a good run', () => {
    assert.deepEqual(brokenBy(good), [])
  })

  it('are one for each figure, with a bound and a reason', () => {
    assert.deepEqual(limits.map(({ figure }) => figure).toSorted(), Object.keys(good).toSorted())
    for (const { least, most, because, name } of limits) {
      assert.ok(least !== undefined || most !== undefined, name)
      assert.match(because, /^[A-Z].+\.$/, name)
    }
  })

  for (const { figure, least, most } of limits) {
    for (const [bound, beyond] of [
      [least, (least ?? 0) - 0.01],
      [most, (most ?? 0) + 0.01],
    ] as const) {
      if (bound === undefined) continue
      it(`are broken by a run with ${beyond} for ${figure}, and not by one with ${bound}`, () => {
        assert.deepEqual(brokenBy({ ...good, [figure]: beyond }), [figure])
        assert.deepEqual(brokenBy({ ...good, [figure]: bound }), [])
      })
    }

    it(`are broken by a run that has no number for ${figure}`, () => {
      assert.deepEqual(brokenBy({ ...good, [figure]: Number.NaN }), [figure])
    })
  }
})

describe('The report of the guard', () => {
  it('ends with the count of the limits', () => {
    const lines = formatGuard(judge(good)).split('\n')
    assert.equal(lines.at(-1), 'tests: 7 passed, 0 failed, 0 skipped')
    assert.equal(lines.filter((line) => line.endsWith('ok')).length, 7)
  })

  it('tells of a broken limit what it is for', () => {
    const text = formatGuard(judge({ ...good, rows: 40 }))
    assert.match(text, /rows written per saga +40\.00 +at most 30 +BROKEN/)
    assert.match(text, /\nrows written per saga: .+\./)
    assert.match(text, /\ntests: 6 passed, 1 failed, 0 skipped$/)
  })
})
