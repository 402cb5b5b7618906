export { audit } from './audit/audit.ts'
export { readClientLog } from './audit/client-log.ts'
export { formatReport } from './audit/format-report.ts'
export { type AuditOptions, defaultOptions } from './audit/options.ts'
export { type AuditReport, type CheckName, type CheckReport, type Counted, type Topic } from './audit/report.ts'
export {
  type AuditSources,
  type BrokerSource,
  type ClientAnswer,
  type GatewayLedger,
  type LedgerEntry,
} from './audit/sources.ts'
export { type AuditConfig, auditSettings, auditSources } from './audit-config.ts'
export { runSaga } from './saga-command.ts'
export { sagaSettings } from './saga-config.ts'
export { sagaProgram } from './cli/program.ts'
export { drill, type DrilledOrder, type DrillOptions, type DrillResult } from './drill/drill.ts'
export { type FlowName, flowNames, type SagaState } from './drill/flows.ts'
export { type Followed, followSagas, type FollowOptions, isAtRest } from './drill/follow-sagas.ts'
export { formatDrill } from './drill/format-drill.ts'
export { inLanes } from './drill/in-lanes.ts'
export { type Accepted, type NewOrder, OrderClient, type Saga } from './drill/order-client.ts'
export { sendOrders } from './drill/send-orders.ts'
