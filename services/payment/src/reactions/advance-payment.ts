import { noCurrency, PaymentCompleted, PaymentFailed, PaymentRefunded } from '@order-saga/contracts'
import type { Cause, Effect, Message, ReactionContext } from '@order-saga/chassis'
import { decide, type PaymentEffect, type PaymentInput, type PaymentOutput } from '../domain/payment.ts'
import type { LockedPayments, PaymentRecord } from '../store/payments.ts'

/** Time beyond the gateway's own limit before the sweeper takes an intent; the result's transaction needs some of it. */
const sweepMarginMs = 5_000

/** The longest a call to the gateway lasts, in milliseconds. */
export type EffectTimeLimits = Readonly<Record<PaymentEffect, number>>

/** An event that caused a change; empty when the sweeper did. */
export type EventCause = Pick<Cause, 'eventId' | 'traceparent'>

/** An outside effect to start after the commit, with the payment as of its decision. */
export interface EffectIntent extends Effect {
  readonly effect: PaymentEffect
  readonly payment: PaymentRecord
  readonly cause: EventCause
}

export interface AdvanceContext extends ReactionContext {
  readonly timeLimitsMs: EffectTimeLimits
  readonly cause: EventCause
}

/** Lets an event of another service advance its payment. */
export function advanceOn(
  message: Message,
  input: PaymentInput,
  payments: LockedPayments,
  context: Omit<AdvanceContext, 'cause'>,
): EffectIntent[] {
  const { orderId, sagaId, eventId, traceparent } = message
  return advance(payments.of(orderId, sagaId), input, { ...context, cause: { eventId, traceparent } })
}

/** Applies one decision: the new state with the intent of its effect, and the events. @returns the effects to start */
export function advance(payment: PaymentRecord, input: PaymentInput, context: AdvanceContext): EffectIntent[] {
  const { now, cause, timeLimitsMs } = context
  const before = payment.state
  const decision = decide(before, input)
  if (decision.kind === 'ignored') return []
  const { state, publish, effects } = decision
  if (state !== before) {
    payment.state = state
    payment.changed = true
    payment.traceparent = cause.traceparent ?? payment.traceparent
  }
  if (state.status !== before.status) {
    payment.nextAttemptAt = null
    for (const effect of effects) {
      payment.intendedAt = now
      payment.attempts = 0
      payment.nextAttemptAt = new Date(now.getTime() + timeLimitsMs[effect] + sweepMarginMs)
    }
  }
  for (const output of publish) append(payment, output, context)
  return effects.map((effect) => ({ effect, awaited: effect === 'charge', payment: { ...payment }, cause }))
}

function append(payment: PaymentRecord, output: PaymentOutput, context: AdvanceContext): void {
  const { sagaId, orderId, paymentId, order, state, detail, refundId } = payment
  const { eventId, traceparent = payment.traceparent } = context.cause
  const cause = { sagaId, orderId, eventId, traceparent }
  switch (output) {
    case 'payment.completed': {
      if (order === null) throw new Error(`order ${orderId} was charged without its amount`)
      const { deadline, ...paid } = order
      context.append(PaymentCompleted, { paymentId, ...paid, deadline: deadline.toISOString() }, cause)
      return
    }
    case 'payment.failed': {
      const reason = state.reason ?? 'declined'
      context.append(PaymentFailed, { reason, detail: detail ?? reason }, cause)
      return
    }
    case 'payment.refunded': {
      const amount = state.status === 'refunded' ? (order?.amount ?? '0') : '0'
      const currency = order?.currency ?? noCurrency
      const email = order === null ? {} : { customerEmail: order.customerEmail }
      context.append(PaymentRefunded, { refundId: refundId ?? `none:${orderId}`, amount, currency, ...email }, cause)
      return
    }
  }
}
