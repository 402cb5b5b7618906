import { type Finding, isLongAgo, type CheckContext, type OrderCheck, violation, unlessInFlight } from '../finding.ts'
import { isCancelled, isOpen, type OrderFacts, type OrderRow, type SagaRow } from '../order-facts.ts'

/** Invariant 1: every order has a saga with the same status, which is final in time; each overdue step is being retried. */
export const checkFinality: OrderCheck = (facts, context) => {
  const { order, saga, payment } = facts
  const findings: Finding[] = []
  if (payment?.nextAttemptAt && isLongAgo(payment.nextAttemptAt, context)) {
    findings.push(violation('finality', `payment is ${payment.status}, but its outcome is not polled`))
  }
  if (order === undefined && saga === undefined) return findings
  if (order === undefined) return [...findings, violation('finality', 'a saga without an order')]
  if (saga === undefined) return [...findings, violation('finality', 'an order without a saga')]
  if (order.sagaId !== saga.sagaId) findings.push(violation('finality', 'the order references another saga'))
  if (order.status !== orderStatusOf(saga)) {
    findings.push(violation('finality', `the order is ${order.status}, its saga ${saga.status}`))
  }
  if (isOpen(saga) && isLongAgo(saga.timeoutAt, context)) {
    findings.push(violation('finality', 'still open long after the deadline'))
  }
  if (saga.refundDueAt !== null && isLongAgo(saga.refundDueAt, context)) {
    findings.push(violation('finality', 'an overdue refund was not requested again'))
  }
  return [...findings, ...lostRefundRequest(saga, facts, context)]
}

function orderStatusOf(saga: SagaRow): OrderRow['status'] {
  if (saga.status === 'completed') return 'confirmed'
  return isCancelled(saga) ? 'cancelled' : 'pending'
}

/** A refund request is lost when payment does not process it, or the saga does not process payment's answer. */
function lostRefundRequest(saga: SagaRow, { payment }: OrderFacts, context: CheckContext): Finding[] {
  if (saga.compensation !== 'refund_requested') return []
  switch (payment?.status) {
    case undefined:
    case 'charged':
      return isLongAgo(saga.updatedAt, context)
        ? [unlessInFlight('finality', 'a refund was requested, but payment has no record of the request')]
        : []
    case 'refunded':
    case 'declined':
    case 'cancelled':
      return isLongAgo(payment.updatedAt, context) && isLongAgo(saga.updatedAt, context)
        ? [
            unlessInFlight(
              'finality',
              'payment has answered the refund request, but the saga has no record of the answer',
            ),
          ]
        : []
    case 'charging':
    case 'refunding':
      return []
  }
}
