import { type Finding, type OrderCheck, violation } from '../finding.ts'
import { isCancelled } from '../order-facts.ts'

/** Invariant 2: one event reports the order confirmed or cancelled, according to the final status of its saga. */
export const checkOneOutcome: OrderCheck = ({ saga, events = [] }) => {
  const published = (name: string): number =>
    events.filter((event) => event.store === 'order' && event.name === name).length
  const confirmed = published('order.confirmed')
  const cancelled = published('order.cancelled')
  const saidConfirmed = confirmed > 0 || saga?.saidConfirmed === true
  const saidCancelled = cancelled > 0 || saga?.saidCancelled === true
  const findings: Finding[] = []
  if (saidConfirmed && saidCancelled)
    findings.push(violation('one_outcome', 'both order.confirmed and order.cancelled were published'))
  else if (saidCancelled && saga?.status === 'completed')
    findings.push(violation('one_outcome', 'completed, but order.cancelled was published'))
  else if (saidConfirmed && saga !== undefined && isCancelled(saga)) {
    findings.push(violation('one_outcome', 'cancelled, but order.confirmed was published'))
  }
  if (confirmed > 1) findings.push(violation('one_outcome', 'order.confirmed was published more than once'))
  if (cancelled > 1) findings.push(violation('one_outcome', 'order.cancelled was published more than once'))
  return findings
}
