import { auditLine } from './report.ts'
import type { ScaleResult } from './scale.ts'
import { formatTable } from './table.ts'

/** The result as text. Times are in ms. */
export function formatScale({ steps, violations }: ScaleResult): string {
  return [
    formatTable([
      ['payment processes', 'sagas/s', 'to one process', 'ideal sagas/s', 'of the ideal', 'outcome p99', 'cores'],
      ...steps.map(({ processes, perSecond, ratio, ideal, outcomeP99, cores }) => [
        String(processes),
        perSecond.toFixed(1),
        ratio.toFixed(2),
        ideal.toFixed(0),
        `${((100 * perSecond) / ideal).toFixed(0)} %`,
        outcomeP99.toFixed(0),
        cores.toFixed(2),
      ]),
    ]),
    '',
    auditLine(violations),
  ].join('\n')
}
