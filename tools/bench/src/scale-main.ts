import { runMeasurement, timeIn } from './run-measurement.ts'
import { scale } from './scale.ts'
import { formatScale } from './scale-report.ts'

await runMeasurement('Scaling out could not be measured', {
  options: (env) => timeIn(env, 20),
  measure: scale,
  format: formatScale,
  good: ({ violations }) => violations === '',
})
