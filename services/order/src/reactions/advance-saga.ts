import { OrderCancelled, OrderConfirmed, PaymentRefundRequested } from '@order-saga/contracts'
import { type Message, PoisonMessage, type ReactionContext } from '@order-saga/chassis'
import { decide, isFinal, type SagaInput, type SagaOutput } from '../domain/saga.ts'
import type { SagaBook, SagaRecord } from '../store/sagas.ts'

/** First wait before a refund is asked for again, in milliseconds; it doubles up to an hour. */
export interface RefundPatience {
  readonly refundRetryMs: number
}

const longestRefundWaitMs = 3_600_000

/**
 * Lets an event of another service advance its saga.
 * @throws PoisonMessage for a saga nobody knows, or an order that is not that saga's
 */
export function advanceOn(
  message: Message,
  input: SagaInput,
  sagas: SagaBook,
  context: ReactionContext & RefundPatience,
): void {
  const saga = sagas.get(message.sagaId)
  if (saga === undefined) throw new PoisonMessage(`unknown saga: ${message.sagaId}`)
  if (saga.orderId !== message.orderId) {
    throw new PoisonMessage(`order ${message.orderId} is not the order of saga ${message.sagaId}`)
  }
  advance(saga, input, context, { event: message.name, eventId: message.eventId, traceparent: message.traceparent })
}

/** Applies one decision of the saga: its new state, its history, the events it publishes. */
export function advance(
  saga: SagaRecord,
  input: SagaInput,
  context: ReactionContext & RefundPatience,
  seen?: { readonly event: string; readonly eventId: string; readonly traceparent: string | undefined },
): void {
  const { now } = context
  const at = now.toISOString()
  const decision = decide(saga.state, input)
  if (decision.kind === 'ignored') {
    if (seen === undefined) return
    const { event, eventId } = seen
    saga.added.push({ at, event, eventId, direction: 'seen', status: saga.state.status, ignored: decision.because })
    return
  }
  const { state, publish } = decision
  saga.state = state
  if (isFinal(state.status)) saga.finishedAt ??= now
  if (seen !== undefined) {
    saga.added.push({ at, event: seen.event, eventId: seen.eventId, direction: 'seen', status: state.status })
  }
  for (const event of publish) {
    const cause = {
      sagaId: saga.sagaId,
      orderId: saga.orderId,
      eventId: seen?.eventId,
      traceparent: seen?.traceparent ?? saga.traceparent,
    }
    const eventId = publishOutput(saga, event, context, cause)
    saga.added.push({ at, event, eventId, direction: 'published', status: state.status })
  }
  if (publish.includes('payment.refund.requested')) {
    const waitMs = Math.min(longestRefundWaitMs, context.refundRetryMs * 2 ** Math.min(saga.refundRequests, 20))
    saga.refundRequests += 1
    saga.refundDueAt = new Date(now.getTime() + waitMs)
  }
  if (state.compensation !== 'refund_requested') saga.refundDueAt = null
}

function publishOutput(
  saga: SagaRecord,
  output: SagaOutput,
  { append }: ReactionContext,
  cause: Parameters<ReactionContext['append']>[2],
): string {
  const { customerEmail, items, amount, currency, state } = saga
  switch (output) {
    case 'order.confirmed':
      return append(OrderConfirmed, { customerEmail, items, amount, currency }, cause)
    case 'order.cancelled':
      return append(
        OrderCancelled,
        { customerEmail, items, amount, currency, reason: state.reason ?? 'compensation' },
        cause,
      )
    case 'payment.refund.requested':
      return append(PaymentRefundRequested, { reason: state.reason ?? 'compensation' }, cause)
  }
}
