import { type CommonConfig, commonSettings, milliseconds, type Setting } from '@order-saga/chassis'
import { type AuditConfig, auditSettings } from './audit-config.ts'

export interface AuditExporterConfig
  extends AuditConfig, Pick<CommonConfig, 'opsPort' | 'logLevel' | 'shutdownTimeoutMs'> {
  intervalMs: number
}

const { opsPort, logLevel, shutdownTimeoutMs } = commonSettings

export const auditExporterSettings: { [K in keyof AuditExporterConfig]: Setting<AuditExporterConfig[K]> } = {
  ...auditSettings,
  opsPort,
  logLevel,
  shutdownTimeoutMs,
  intervalMs: milliseconds({
    env: 'AUDIT_INTERVAL_MS',
    default: 900_000,
    min: 1_000,
    doc: 'From the end of one audit to the start of the next; at least nine times the duration of the last one.',
  }),
}
