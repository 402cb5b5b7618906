import { type Finding, type OrderCheck, violation } from '../finding.ts'
import type { SagaEvent, SagaRow } from '../order-facts.ts'

/**
 * Invariant 5 at the outboxes: the events of every reached state were appended, and no event caused the same event twice.
 * Only for sagas whose events the outboxes still hold completely.
 */
export const checkAppendedEvents: OrderCheck = ({ saga, events }, { outboxSince }) => {
  if (events === undefined) return []
  const findings: Finding[] = []
  if (saga !== undefined && saga.createdAt >= outboxSince) {
    const appended = new Set(events.map(({ name }) => name))
    for (const name of eventsOf(saga)) {
      if (!appended.has(name)) findings.push(violation('events', `${saga.status}, but no outbox contains its ${name}`))
    }
  }
  for (const name of repeated(events)) findings.push(violation('events', `one event caused ${name} twice`))
  return findings
}

function eventsOf({ status, reason, compensation }: SagaRow): string[] {
  const names = ['order.created']
  if (status === 'payment_completed') names.push('payment.completed')
  if (status === 'completed') names.push('payment.completed', 'inventory.reserved', 'order.confirmed')
  if (status === 'cancelled' || status === 'timeout_cancelled') names.push('order.cancelled')
  if (reason === 'payment_failed') names.push('payment.failed')
  if (status === 'refunding' || reason === 'compensation') names.push('inventory.failed')
  if (compensation !== 'none') names.push('payment.refund.requested')
  if (compensation === 'refunded') names.push('payment.refunded')
  return names
}

function repeated(events: readonly SagaEvent[]): string[] {
  const seen = new Set<string>()
  const names = new Set<string>()
  for (const { store, causationId, name } of events) {
    if (causationId === null) continue
    const key = `${store} ${causationId} ${name}`
    if (seen.has(key)) names.add(name)
    seen.add(key)
  }
  return [...names]
}
