import { setTimeout as delay } from 'node:timers/promises'
import { type Log, messageOf } from '@order-saga/chassis'
import type { AuditReport } from './audit/report.ts'
import type { AuditMetrics } from './audit-metrics.ts'

export interface AuditExporterOptions {
  readonly audit: () => Promise<AuditReport>
  /** From the end of one audit to the start of the next, at least. */
  readonly intervalMs: number
  readonly metrics: AuditMetrics
  readonly log: Log
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** An audit reads all orders there are: however many these become, it is at work for a tenth of the time at most. */
const restPerWork = 9

/**
 * Audits again and again until the signal is aborted. An audit that could not be done is counted and logged, and the
 * numbers of the last one stay.
 */
export async function keepAuditing(options: AuditExporterOptions, signal: AbortSignal): Promise<void> {
  const { audit, intervalMs, metrics, log, pause = sleep } = options
  while (!signal.aborted) {
    const begun = performance.now()
    try {
      const report = await audit()
      metrics.done(report, new Date())
      const { clean, orders, events, tookMs } = report
      if (clean) log.info({ orders, events, tookMs }, 'audit: clean')
      else log.error({ violated: report.checks.filter(({ result }) => result === 'violated') }, 'audit: not clean')
    } catch (error) {
      metrics.notDone()
      log.warn({ reason: messageOf(error) }, 'the audit could not be done, it will run again')
    }
    await pause(Math.max(intervalMs, restPerWork * (performance.now() - begun)), signal)
  }
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined)
}
