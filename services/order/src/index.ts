/** What the operations programs need: the production decisions, so that they foresee what a message would do. */
export { orderSettings } from './config.ts'
export { decide, isFinal, type SagaState, sagaStatuses } from './domain/saga.ts'
export { advance } from './reactions/advance-saga.ts'
export { orderReactions } from './reactions/index.ts'
export { type HistoryEntry, type LockedSagas, lockSagas, type SagaRecord, saveSagas } from './store/sagas.ts'
