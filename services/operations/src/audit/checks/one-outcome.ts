import { type Finding, type OrderCheck, wrong } from '../finding.ts'
import { isCancelled } from '../order-facts.ts'

/** Invariant 2: an order is told to be confirmed or cancelled, once, and as its saga ended. */
export const checkOneOutcome: OrderCheck = ({ saga, events = [] }) => {
  const told = (name: string): number => events.filter((event) => event.store === 'order' && event.name === name).length
  const confirmed = told('order.confirmed')
  const cancelled = told('order.cancelled')
  const saidConfirmed = confirmed > 0 || saga?.saidConfirmed === true
  const saidCancelled = cancelled > 0 || saga?.saidCancelled === true
  const findings: Finding[] = []
  if (saidConfirmed && saidCancelled) findings.push(wrong('one_outcome', 'both order.confirmed and order.cancelled'))
  else if (saidCancelled && saga?.status === 'completed')
    findings.push(wrong('one_outcome', 'completed, and order.cancelled'))
  else if (saidConfirmed && saga !== undefined && isCancelled(saga)) {
    findings.push(wrong('one_outcome', 'cancelled, and order.confirmed'))
  }
  if (confirmed > 1) findings.push(wrong('one_outcome', 'order.confirmed more than once'))
  if (cancelled > 1) findings.push(wrong('one_outcome', 'order.cancelled more than once'))
  return findings
}
