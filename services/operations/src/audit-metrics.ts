import { Counter, Gauge, type Registry } from 'prom-client'
import type { AuditReport } from './audit/report.ts'

export interface AuditMetrics {
  readonly done: (report: AuditReport, at: Date) => void
  readonly notDone: () => void
}

export function createAuditMetrics(registry: Registry): AuditMetrics {
  const registers = [registry]
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name, help: `${help}; take the maximum over pods.`, labelNames, registers })
  const violations = gauge('saga_audit_violations', 'Violations in the last completed audit, by invariant', [
    'invariant',
  ])
  const finished = gauge('saga_audit_finished_timestamp_seconds', 'Unix time at which the last audit completed')
  const duration = gauge('saga_audit_duration_seconds', 'Duration of the last completed audit')
  const runs = new Counter({
    name: 'saga_audit_runs_total',
    help: 'Audits by result: clean, violated, not_done (a database or the broker is unavailable); sum over pods.',
    labelNames: ['result'],
    registers,
  })
  for (const unset of [finished, duration]) unset.remove({})
  for (const result of ['clean', 'violated', 'not_done']) runs.inc({ result }, 0)
  return {
    done: (report, at) => {
      for (const { check, result, violations: count } of report.checks) {
        if (result !== 'skipped') violations.set({ invariant: check }, count)
      }
      runs.inc({ result: report.clean ? 'clean' : 'violated' })
      finished.set(at.getTime() / 1000)
      duration.set(report.tookMs / 1000)
    },
    notDone: () => runs.inc({ result: 'not_done' }),
  }
}
