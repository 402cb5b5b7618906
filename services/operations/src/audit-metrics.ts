import { Counter, Gauge, type Registry } from 'prom-client'
import type { AuditReport } from './audit/report.ts'

export interface AuditMetrics {
  readonly done: (report: AuditReport, at: Date) => void
  readonly notDone: () => void
}

/** What the audits of a process found. Before the first one has ended there is no number of violations. */
export function createAuditMetrics(registry: Registry): AuditMetrics {
  const registers = [registry]
  const violations = new Gauge({
    name: 'saga_audit_violations',
    help: 'Violations the last audit that was done has found, by invariant; take the maximum over pods.',
    labelNames: ['invariant'],
    registers,
  })
  const runs = new Counter({
    name: 'saga_audit_runs_total',
    help: 'Audits by their result: clean, violated, not_done (a database or the broker was away); sum over pods.',
    labelNames: ['result'],
    registers,
  })
  const finished = new Gauge({
    name: 'saga_audit_finished_timestamp_seconds',
    help: 'When the last audit that was done had ended, in seconds since 1970; take the maximum over pods.',
    registers,
  })
  const duration = new Gauge({
    name: 'saga_audit_duration_seconds',
    help: 'How long the last audit that was done took; take the maximum over pods.',
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
