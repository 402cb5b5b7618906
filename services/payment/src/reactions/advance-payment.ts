import { PaymentCompleted, PaymentFailed, PaymentRefunded } from '@order-saga/contracts'
import type { Cause, ReactionContext } from '@order-saga/chassis'
import { decide, type PaymentDecision, type PaymentInput, type PaymentOutput } from '../domain/payment.ts'
import type { PaymentRecord } from '../store/payments.ts'

/** ISO 4217's code for "no currency": the answer to a refund of an order payment never met. */
const noCurrency = 'XXX'

export type Advanced = ReactionContext & {
  readonly effectTimeLimitMs: number
  readonly cause: Omit<Cause, 'sagaId' | 'orderId'>
}

/** Time beyond the gateway's own limit before the sweeper looks at an intent; the result's transaction needs some of it. */
const sweepMarginMs = 5_000

/** Applies one decision: the new state, the intent if there is one, the events. */
export function advance(payment: PaymentRecord, input: PaymentInput, context: Advanced): PaymentDecision {
  const before = payment.state
  const decision = decide(before, input)
  if (decision.state === before && decision.publish.length === 0) return decision
  payment.state = decision.state
  payment.changed = true
  payment.traceparent = context.cause.traceparent ?? payment.traceparent
  const { status } = decision.state
  if (status !== before.status) {
    const intent = status === 'charging' || status === 'refunding'
    payment.intendedAt = intent ? context.now : payment.intendedAt
    payment.attempts = intent ? 0 : payment.attempts
    payment.nextAttemptAt = intent ? new Date(context.now.getTime() + context.effectTimeLimitMs + sweepMarginMs) : null
  }
  for (const output of decision.publish) publish(payment, output, context)
  return decision
}

function publish(payment: PaymentRecord, output: PaymentOutput, { append, cause }: Advanced): void {
  const { sagaId, orderId, traceparent } = payment
  const about = { sagaId, orderId, eventId: cause.eventId, traceparent }
  const currency = payment.currency ?? noCurrency
  switch (output) {
    case 'payment.completed':
      append(
        PaymentCompleted,
        {
          paymentId: payment.paymentId,
          amount: payment.amount ?? '0',
          currency,
          items: payment.items ?? [],
          customerEmail: payment.customerEmail ?? '',
          deadline: (payment.deadline ?? payment.createdAt).toISOString(),
        },
        about,
      )
      return
    case 'payment.failed': {
      const reason = payment.state.reason ?? 'declined'
      append(PaymentFailed, { reason, detail: payment.detail ?? reason }, about)
      return
    }
    case 'payment.refunded': {
      const given = payment.state.status === 'refunded'
      const email = payment.customerEmail === null ? {} : { customerEmail: payment.customerEmail }
      const amount = given ? (payment.amount ?? '0') : '0'
      append(
        PaymentRefunded,
        { refundId: payment.refundId ?? `none:${payment.orderId}`, amount, currency, ...email },
        about,
      )
      return
    }
  }
}
