import {
  explain,
  type Explanation,
  type LockingSession,
  type OpenBreaker,
  type Step,
  stateSince,
  type StepTimes,
} from '@order-saga/order'
import { type DeliveryFacts, messagesOf, undeliveredIn } from './messages.ts'
import type { SagaFacts } from './saga-facts.ts'
import { timelineOf, type TimelineStep } from './timeline.ts'

export interface InspectedSaga extends SagaFacts {
  readonly explanation: Explanation
  readonly timeline: readonly TimelineStep[]
}

/** Facts about a saga beside its rows. */
export interface SagaContext extends DeliveryFacts {
  readonly locks: readonly LockingSession[]
  readonly breakers: readonly OpenBreaker[]
  readonly usual: Readonly<Partial<Record<Step, StepTimes>>>
  readonly now: Date
}

/** The one explanation of a saga, with all its blockers: for `saga show`, the lists and the console. Pure. */
export function inspectSaga(
  facts: SagaFacts,
  { locks, breakers, usual, now, ...delivery }: SagaContext,
): InspectedSaga {
  const { saga, payment, reservation } = facts
  const messages = messagesOf(facts, delivery)
  const { status, reason, compensation, reservationSeen, mismatch } = saga
  const state = { status, reason, compensation, reservationSeen, mismatch }
  const since = stateSince(saga.history, state) ?? saga.createdAt
  const undelivered = undeliveredIn(messages)
  const explained = { ...saga, state, since, payment, reservation, undelivered, locks, breakers }
  const explanation = explain(explained, usual, now)
  return { ...facts, explanation, timeline: timelineOf(facts, messages, delivery.deadLetters, explanation.blockers) }
}
