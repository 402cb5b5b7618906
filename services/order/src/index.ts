/** The parts that the operations programs use: the decisions, the explanation, and the reactions for their previews. */
export { orderSettings } from './config.ts'
export { type Blocker, type BlockerKind, blockerKinds } from './domain/blockers.ts'
export { explain, stateSince } from './domain/explain.ts'
export { duration } from './domain/explain-in-words.ts'
export {
  type Explanation,
  type LockingSession,
  type OpenBreaker,
  type QueueFacts,
  type Step,
  type StepTimes,
  type UndeliveredEvent,
} from './domain/explanation.ts'
export { decide, isFinal, type SagaState, type SagaStatus, sagaStatuses } from './domain/saga.ts'
export { advance } from './reactions/advance-saga.ts'
export { orderReactions } from './reactions/index.ts'
export { usualTimes } from './store/read-step-times.ts'
export { type HistoryEntry, type LockedSagas, lockSagas, type SagaRecord, saveSagas } from './store/sagas.ts'
export { parkReasonInWords, unroutableInWords } from './store/park-reason.ts'
