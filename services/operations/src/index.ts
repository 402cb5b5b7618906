export { audit } from './audit/audit.ts'
export { readClientLog } from './audit/client-log.ts'
export { formatReport } from './audit/format-report.ts'
export { type AuditOptions, defaultOptions } from './audit/options.ts'
export { type AuditReport, type CheckName, type CheckReport, type Counted, type Topic } from './audit/report.ts'
export {
  type AuditSources,
  type BrokerSource,
  type ClientAnswer,
  type DatabaseSource,
  type GatewayLedger,
  type LedgerEntry,
} from './audit/sources.ts'
export { type AuditConfig, auditSettings } from './audit-config.ts'
