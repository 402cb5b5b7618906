import { bench } from './bench.ts'
import { formatBench } from './report.ts'
import { openIn, runMeasurement, timeIn } from './run-measurement.ts'

await runMeasurement('The system could not be measured', {
  options: (env) => ({ ...timeIn(env, 60), open: openIn(env) }),
  measure: bench,
  format: formatBench,
  good: ({ violations }) => violations === '',
})
