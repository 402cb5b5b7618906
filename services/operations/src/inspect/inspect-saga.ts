import { explain, type Explanation, type Step, stateSince, type StepTimes } from '@order-saga/order'
import type { DeadLetter } from './dead-letters/dead-letter.ts'
import { messagesOf, undeliveredIn } from './messages.ts'
import type { SagaFacts } from './saga-facts.ts'
import { timelineOf, type TimelineStep } from './timeline.ts'

export interface InspectedSaga extends SagaFacts {
  readonly explanation: Explanation
  readonly timeline: readonly TimelineStep[]
}

export function inspectSaga(
  facts: SagaFacts,
  {
    deadLetters,
    usual,
    now,
  }: {
    readonly deadLetters: readonly DeadLetter[]
    readonly usual: Readonly<Partial<Record<Step, StepTimes>>>
    readonly now: Date
  },
): InspectedSaga {
  const { saga, payment, reservation } = facts
  const messages = messagesOf(facts, deadLetters)
  const { status, reason, compensation, reservationSeen, mismatch } = saga
  const state = { status, reason, compensation, reservationSeen, mismatch }
  const since = stateSince(saga.history, state) ?? saga.createdAt
  const undelivered = undeliveredIn(messages)
  return {
    ...facts,
    explanation: explain({ ...saga, state, since, payment, reservation, undelivered }, usual, now),
    timeline: timelineOf(facts, messages, deadLetters),
  }
}
