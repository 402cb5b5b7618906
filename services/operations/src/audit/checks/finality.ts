import { type Finding, isLongAgo, type CheckContext, type OrderCheck, wrong, wrongAtRest } from '../finding.ts'
import { isCancelled, isOpen, type OrderFacts, type OrderRow, type SagaRow } from '../order-facts.ts'

/** Invariant 1: every order has its saga, both say the same, and it ends in time; whatever takes longer is being worked on. */
export const checkFinality: OrderCheck = (facts, context) => {
  const { order, saga, payment } = facts
  const findings: Finding[] = []
  if (payment?.nextAttemptAt && isLongAgo(payment.nextAttemptAt, context)) {
    findings.push(wrong('finality', `payment is ${payment.status}, and nobody looks for the outcome`))
  }
  if (order === undefined && saga === undefined) return findings
  if (order === undefined) return [...findings, wrong('finality', 'a saga without its order')]
  if (saga === undefined) return [...findings, wrong('finality', 'an order without its saga')]
  if (order.sagaId !== saga.sagaId) findings.push(wrong('finality', 'the order names another saga'))
  if (order.status !== orderStatusOf(saga)) {
    findings.push(wrong('finality', `the order is ${order.status}, its saga ${saga.status}`))
  }
  if (isOpen(saga) && isLongAgo(saga.timeoutAt, context)) {
    findings.push(wrong('finality', 'still open long after the deadline'))
  }
  if (saga.refundDueAt !== null && isLongAgo(saga.refundDueAt, context)) {
    findings.push(wrong('finality', 'an overdue refund was not asked for again'))
  }
  return [...findings, ...forgottenRefund(saga, facts, context)]
}

function orderStatusOf(saga: SagaRow): OrderRow['status'] {
  if (saga.status === 'completed') return 'confirmed'
  return isCancelled(saga) ? 'cancelled' : 'pending'
}

/** A refund that was asked for ends when the provider pays. It is forgotten when payment is not at work on it any more. */
function forgottenRefund(saga: SagaRow, { payment }: OrderFacts, context: CheckContext): Finding[] {
  if (saga.compensation !== 'refund_requested') return []
  switch (payment?.status) {
    case undefined:
    case 'charged':
      return isLongAgo(saga.updatedAt, context)
        ? [wrongAtRest('finality', 'a refund was asked for and payment never saw it')]
        : []
    case 'refunded':
    case 'declined':
    case 'cancelled':
      return isLongAgo(payment.updatedAt, context) && isLongAgo(saga.updatedAt, context)
        ? [wrongAtRest('finality', 'payment has answered the refund long ago and the saga does not know')]
        : []
    case 'charging':
    case 'refunding':
      return []
  }
}
