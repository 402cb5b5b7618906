import {
  type CommonConfig,
  commonSettings,
  createLog,
  createRegistry,
  loadConfig,
  milliseconds,
  startOpsServer,
  start,
} from '@order-saga/chassis'
import { audit } from './audit/audit.ts'
import { type AuditConfig, auditSettings, auditSources } from './audit-config.ts'
import { keepAuditing } from './audit-exporter.ts'
import { createAuditMetrics } from './audit-metrics.ts'

interface Config extends AuditConfig, Pick<CommonConfig, 'opsPort' | 'logLevel' | 'shutdownTimeoutMs'> {
  intervalMs: number
}

const { opsPort, logLevel, shutdownTimeoutMs } = commonSettings

await start(async () => {
  const config = loadConfig<Config>(
    {
      ...auditSettings,
      opsPort,
      logLevel,
      shutdownTimeoutMs,
      intervalMs: milliseconds({
        env: 'AUDIT_INTERVAL_MS',
        default: 900_000,
        min: 1_000,
        doc: 'From the end of one audit to the start of the next.',
      }),
    },
    process.env,
  )
  const log = createLog('audit-exporter', config.logLevel)
  const registry = createRegistry()
  const stop = new AbortController()
  await startOpsServer({
    port: config.opsPort,
    registry,
    log,
    notReady: () => Promise.resolve([]),
    // An audit only reads: one that is under way is cut off.
    shutdown: async () => stop.abort(),
    shutdownTimeoutMs: config.shutdownTimeoutMs,
  })
  const sources = auditSources(config)
  const metrics = createAuditMetrics(registry)
  await keepAuditing({ audit: () => audit(sources, config), intervalMs: config.intervalMs, metrics, log }, stop.signal)
})
