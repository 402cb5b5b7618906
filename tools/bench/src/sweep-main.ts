import { number } from '@order-saga/tests/support/number-setting'
import { openIn, runMeasurement, timeIn } from './run-measurement.ts'
import { sweep } from './sweep.ts'
import { formatSweep } from './sweep-report.ts'

await runMeasurement('The settings could not be compared', {
  options: (env) => ({
    ...timeIn(env, 15),
    open: openIn(env),
    prefetches: [50, 200, 800],
    batchSizes: [25, 100, 400],
    rounds: number(env, 'ROUNDS', { fallback: 2, min: 1, max: 100, whole: true }),
  }),
  measure: sweep,
  format: formatSweep,
  good: ({ violations }) => violations === '',
})
