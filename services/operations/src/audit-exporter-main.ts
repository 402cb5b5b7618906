import { createLog, createRegistry, loadConfig, startOpsServer, start } from '@order-saga/chassis'
import { topologyOf } from '@order-saga/contracts'
import { audit } from './audit/audit.ts'
import { type AuditExporterConfig, auditExporterSettings, auditSources } from './audit-config.ts'
import { keepAuditing } from './audit-exporter.ts'
import { createAuditMetrics } from './audit-metrics.ts'
import { managementApi } from './management-config.ts'
import { exportMissingParts } from './topology-metrics.ts'
import { topologyPlan } from './topology-plan.ts'

await start(async () => {
  const config = loadConfig<AuditExporterConfig>(auditExporterSettings, process.env)
  const log = createLog('audit-exporter', config.logLevel)
  const registry = createRegistry()
  const management = managementApi(config)
  const stop = new AbortController()
  await startOpsServer({
    host: config.opsHost,
    port: config.opsPort,
    registry,
    log,
    notReady: () => Promise.resolve([]),
    // An audit only reads, so it can be interrupted.
    shutdown: async () => stop.abort(),
    shutdownTimeoutMs: config.shutdownTimeoutMs,
  })
  const sources = auditSources(config)
  const metrics = createAuditMetrics(registry)
  const topology = topologyOf(topologyPlan(config))
  exportMissingParts(registry, management && (() => management.definitions()), topology, log)
  await keepAuditing({ audit: () => audit(sources, config), intervalMs: config.intervalMs, metrics, log }, stop.signal)
})
