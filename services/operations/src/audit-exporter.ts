import { setTimeout as delay } from 'node:timers/promises'
import { type Log, messageOf } from '@order-saga/chassis'
import type { AuditReport } from './audit/report.ts'
import type { AuditMetrics } from './audit-metrics.ts'

export interface AuditExporterOptions {
  readonly audit: () => Promise<AuditReport>
  readonly intervalMs: number
  readonly metrics: AuditMetrics
  readonly log: Log
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** An audit reads all orders. Pausing nine times its duration limits it to 10 % of the time for any number of orders. */
const pausePerDuration = 9

/**
 * Audits repeatedly until the signal is aborted. A failed audit is counted and logged; the metrics of the last completed
 * audit stay.
 */
export async function keepAuditing(options: AuditExporterOptions, signal: AbortSignal): Promise<void> {
  const { audit, intervalMs, metrics, log, pause = sleep } = options
  while (!signal.aborted) {
    const startedAt = performance.now()
    try {
      const report = await audit()
      metrics.done(report, new Date())
      const { clean, orders, events, tookMs } = report
      if (clean) log.info({ orders, events, tookMs }, 'audit: clean')
      else log.error({ violated: report.checks.filter(({ result }) => result === 'violated') }, 'audit: not clean')
    } catch (error) {
      metrics.notDone()
      log.warn({ reason: messageOf(error) }, 'the audit failed and will run again')
    }
    await pause(Math.max(intervalMs, pausePerDuration * (performance.now() - startedAt)), signal)
  }
}

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal }).catch(() => undefined)
