import { Counter, Gauge, type Registry } from 'prom-client'
import type { AuditReport } from './audit/report.ts'

export interface AuditMetrics {
  readonly done: (report: AuditReport, at: Date) => void
  readonly notDone: () => void
}

/** Metrics of the audits of a process. Before the first audit completes, no gauge has a value. */
export function createAuditMetrics(registry: Registry): AuditMetrics {
  const registers = [registry]
  const violations = new Gauge({
    name: 'saga_audit_violations',
    help: 'Violations in the last completed audit, by invariant; take the maximum over pods.',
    labelNames: ['invariant'],
    registers,
  })
  const runs = new Counter({
    name: 'saga_audit_runs_total',
    help: 'Audits by result: clean, violated, not_done (a database or the broker is unavailable); sum over pods.',
    labelNames: ['result'],
    registers,
  })
  const finished = new Gauge({
    name: 'saga_audit_finished_timestamp_seconds',
    help: 'Unix time at which the last audit completed; take the maximum over pods.',
    registers,
  })
  const duration = new Gauge({
    name: 'saga_audit_duration_seconds',
    help: 'Duration of the last completed audit; take the maximum over pods.',
    registers,
  })
  for (const gauge of [finished, duration]) gauge.remove({})
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
