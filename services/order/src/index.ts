/** The parts that the operations programs use: the decisions, the explanation, and the reactions for their previews. */
export { type OrderConfig, orderSettings } from './config.ts'
export { explain, stateSince } from './domain/explain.ts'
export { duration } from './domain/explain-in-words.ts'
export { type Explanation, type Step, type StepTimes, type UndeliveredEvent } from './domain/explanation.ts'
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
export { advance, type RefundPatience } from './reactions/advance-saga.ts'
export { orderReactions } from './reactions/index.ts'
export { usualTimes } from './store/read-step-times.ts'
export { type HistoryEntry, lockSagas, type SagaBook, type SagaRecord, saveSagas } from './store/sagas.ts'
