import { type Finding, type OrderCheck, wrong } from '../finding.ts'
import type { SagaEvent, SagaRow } from '../order-facts.ts'

/**
 * Invariant 5 at its source: a state that was reached has been announced by the events that belong to it, and no event
 * has led to the same announcement twice. Only for sagas all of whose events the outboxes still hold.
 */
export const checkAnnouncements: OrderCheck = ({ saga, events }, { outboxSince }) => {
  if (events === undefined) return []
  const findings: Finding[] = []
  if (saga !== undefined && saga.createdAt >= outboxSince) {
    const announced = new Set(events.map(({ name }) => name))
    for (const name of announcementsOf(saga)) {
      if (!announced.has(name)) findings.push(wrong('events', `${saga.status}, and no outbox holds its ${name}`))
    }
  }
  for (const name of repeated(events)) findings.push(wrong('events', `one event has led to two of ${name}`))
  return findings
}

function announcementsOf({ status, reason, compensation }: SagaRow): string[] {
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
