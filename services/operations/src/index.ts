export { audit } from './audit/audit.ts'
export { readClientLog } from './audit/client-answers.ts'
export { formatReport } from './audit/format-report.ts'
export { type AuditOptions } from './audit/options.ts'
export { type AuditReport } from './audit/report.ts'
export {
  type AuditSources,
  type BrokerSource,
  type ClientAnswer,
  type GatewayLedger,
  type LedgerEntry,
} from './audit/sources.ts'
export { auditSettings } from './audit-config.ts'
export { runSaga } from './saga-command.ts'
export { sagaSettings } from './saga-config.ts'
export { sagaProgram } from './cli/program.ts'
export { drill } from './drill/drill.ts'
export { type SagaState } from './drill/flows.ts'
export { followSagas } from './drill/follow-sagas.ts'
export { formatDrill } from './drill/format-drill.ts'
export { type Accepted, type NewOrder, OrderClient, type Saga } from './drill/order-client.ts'
export { sendOrders } from './drill/send-orders.ts'
