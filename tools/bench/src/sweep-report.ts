import { auditLine } from './report.ts'
import type { SweepResult } from './sweep.ts'
import { formatTable } from './table.ts'

/** The result as text: each pair of settings, and its throughput relative to the best. Times are in ms. */
export function formatSweep({ steps, violations }: SweepResult): string {
  const best = Math.max(...steps.map(({ perSecond }) => perSecond))
  return [
    formatTable([
      [
        'PREFETCH',
        'BATCH_SIZE',
        'sagas/s',
        'of the best',
        'CPU ms/saga',
        'outcome p50',
        'p99',
        'transactions/saga',
        'RabbitMQ MiB',
      ],
      ...steps.map((step) => [
        String(step.prefetch),
        String(step.batchSize),
        step.perSecond.toFixed(0),
        `${((100 * step.perSecond) / best).toFixed(0)} %`,
        step.cpuPerSaga.toFixed(2),
        step.outcomeP50.toFixed(0),
        step.outcomeP99.toFixed(0),
        step.transactionsPerSaga.toFixed(2),
        step.rabbitMqMiB.toFixed(0),
      ]),
    ]),
    '',
    auditLine(violations),
  ].join('\n')
}
