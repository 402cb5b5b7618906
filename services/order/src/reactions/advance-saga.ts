import { OrderCancelled, OrderConfirmed, PaymentRefundRequested } from '@order-saga/contracts'
import { type Message, PoisonMessage, type ReactionContext } from '@order-saga/chassis'
import { decide, isFinal, isViolation, type SagaInput, type SagaOutput } from '../domain/saga.ts'
import type { HistoryEntry, LockedSagas, SagaRecord } from '../store/sagas.ts'

export interface RefundRetryPolicy {
  /** First wait before a refund is requested again, in milliseconds; it doubles up to an hour. */
  readonly refundRetryMs: number
}

const longestRefundWaitMs = 3_600_000

/**
 * Applies an event of another service to its saga; the input depends on whether the event matches the saga's order.
 * @throws PoisonMessage for an unknown saga, or an order that is not that saga's
 */
export function advanceOn(
  message: Message,
  inputOf: (order: SagaRecord) => SagaInput,
  sagas: LockedSagas,
  context: ReactionContext & RefundRetryPolicy,
): void {
  const saga = sagas.get(message.sagaId)
  if (saga === undefined) throw new PoisonMessage(`unknown saga: ${message.sagaId}`)
  if (saga.orderId !== message.orderId) {
    throw new PoisonMessage(`order ${message.orderId} is not the order of saga ${message.sagaId}`)
  }
  advance(saga, inputOf(saga), context, message)
}

/** Applies one decision to the saga: its new state, its history, the events it publishes. A timer has no message. */
export function advance(
  saga: SagaRecord,
  input: SagaInput,
  context: ReactionContext & RefundRetryPolicy,
  message?: Pick<Message, 'name' | 'eventId' | 'traceparent'>,
): void {
  const { now } = context
  const decision = decide(saga.state, input)
  if (decision.kind === 'decided') saga.state = decision.state
  const [at, { status }] = [now.toISOString(), saga.state]
  if (message !== undefined) {
    const seen: HistoryEntry = { at, event: message.name, eventId: message.eventId, direction: 'seen', status }
    const ignored = isViolation(input, decision) ? 'violation' : decision.kind === 'ignored' ? 'late' : undefined
    saga.added.push(ignored === undefined ? seen : { ...seen, ignored })
  }
  if (decision.kind === 'ignored') return
  if (isFinal(status) && saga.finishedAt === null) {
    saga.finishedAt = now
    saga.isNewlyFinished = true
  }
  for (const event of decision.publish) {
    const eventId = publish(saga, event, context, message)
    saga.added.push({ at, event, eventId, direction: 'published', status })
  }
  if (decision.publish.includes('payment.refund.requested')) {
    const waitMs = Math.min(longestRefundWaitMs, context.refundRetryMs * 2 ** Math.min(saga.refundRequests, 20))
    saga.refundRequests += 1
    saga.refundDueAt = new Date(now.getTime() + waitMs)
  }
  if (saga.state.compensation !== 'refund_requested') saga.refundDueAt = null
}

function publish(
  saga: SagaRecord,
  output: SagaOutput,
  { append }: ReactionContext,
  message: Pick<Message, 'eventId' | 'traceparent'> | undefined,
): string {
  const { sagaId, orderId, customerEmail, items, amount, currency, state } = saga
  const traceparent = message?.traceparent ?? saga.traceparent ?? undefined
  const cause = { sagaId, orderId, eventId: message?.eventId, traceparent }
  const reason = state.reason ?? 'compensation'
  switch (output) {
    case 'order.confirmed':
      return append(OrderConfirmed, { customerEmail, items, amount, currency }, cause)
    case 'order.cancelled':
      return append(OrderCancelled, { customerEmail, items, amount, currency, reason }, cause)
    case 'payment.refund.requested':
      return append(PaymentRefundRequested, { reason }, cause)
  }
}
