/** What the operations programs need: the production decisions, so that they foresee what a message would do. */
export { type OrderConfig, orderSettings } from './config.ts'
export {
  type Compensation,
  decide,
  isFinal,
  type SagaDecision,
  type SagaInput,
  type SagaReason,
  type SagaState,
  type SagaStatus,
  sagaStatuses,
} from './domain/saga.ts'
export { advance, type RefundRetryPolicy } from './reactions/advance-saga.ts'
export { orderReactions } from './reactions/index.ts'
export { type HistoryEntry, type LockedSagas, lockSagas, type SagaRecord, saveSagas } from './store/sagas.ts'
