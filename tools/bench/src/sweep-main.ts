import { number } from '@order-saga/tests/support/number-setting'
import { readOpen, runMeasurement, readTime } from './run-measurement.ts'
import { measureSweep } from './sweep.ts'
import { formatSweep } from './sweep-report.ts'

await runMeasurement('The benchmark failed', {
  options: (env) => ({
    ...readTime(env, 15),
    open: readOpen(env),
    prefetches: [50, 200, 800],
    batchSizes: [25, 100, 400],
    rounds: number(env, 'ROUNDS', { fallback: 2, min: 1, max: 100, whole: true }),
  }),
  measure: measureSweep,
  format: formatSweep,
  passed: ({ violations }) => violations === '',
})
