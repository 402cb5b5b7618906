import { runBench } from './bench.ts'
import { formatBench } from './report.ts'
import { readOpen, readRate, readTime, runMeasurement } from './run-measurement.ts'

await runMeasurement('The benchmark failed', {
  options: (env) => ({ ...readTime(env, 60), open: readOpen(env), rate: readRate(env) }),
  measure: runBench,
  format: formatBench,
  passed: ({ violations }) => violations === '',
})
