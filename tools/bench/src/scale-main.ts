import { runMeasurement, readTime } from './run-measurement.ts'
import { measureScale } from './scale.ts'
import { formatScale } from './scale-report.ts'

await runMeasurement('The benchmark failed', {
  options: (env) => readTime(env, 20),
  measure: measureScale,
  format: formatScale,
  passed: ({ violations }) => violations === '',
})
