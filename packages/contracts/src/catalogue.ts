import type { EventType, ServiceName } from './event-type.ts'
import { InventoryFailed, InventoryReserved } from './inventory-events.ts'
import { OrderCancelled, OrderConfirmed, OrderCreated, PaymentRefundRequested } from './order-events.ts'
import { PaymentCompleted, PaymentFailed, PaymentRefunded } from './payment-events.ts'

/** Every event of the system. Bindings, the README's table and the tests are made from it or compared with it. */
export const catalogue = [
  OrderCreated,
  PaymentCompleted,
  PaymentFailed,
  InventoryReserved,
  InventoryFailed,
  PaymentRefundRequested,
  PaymentRefunded,
  OrderConfirmed,
  OrderCancelled,
] as const satisfies readonly EventType[]

export type EventName = (typeof catalogue)[number]['name']

/** The bindings of a service's queue. */
export function consumedBy(service: ServiceName): readonly EventType[] {
  return catalogue.filter((event: EventType) => event.consumedBy.includes(service))
}

/** The events that a service publishes: the routing keys that its user of the broker may use. */
export function publishedBy(service: ServiceName): readonly EventType[] {
  return catalogue.filter((event: EventType) => event.publishedBy === service)
}

export const services = ['order', 'payment', 'inventory', 'notification'] as const satisfies readonly ServiceName[]

/** Payment diverts charges over its concurrency limit, so that refunds and cancellations do not wait behind them. */
export const secondaryQueuesOf: Readonly<Record<ServiceName, readonly string[]>> = {
  order: [],
  payment: ['charges'],
  inventory: [],
  notification: [],
}
