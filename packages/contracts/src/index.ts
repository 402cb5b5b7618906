export { catalogue, consumedBy, type EventName, lanesOf, services } from './catalogue.ts'
export { type Envelope, EnvelopeSchema, Instant, Uuid } from './envelope.ts'
export { type EventType, type PayloadOf, type ServiceName } from './event-type.ts'
export { InventoryFailed, type InventoryFailure, InventoryReserved } from './inventory-events.ts'
export {
  type CancelReason,
  OrderCancelled,
  OrderConfirmed,
  OrderCreated,
  PaymentRefundRequested,
} from './order-events.ts'
export { type QueueNames, serviceQueues } from './queues.ts'
export { CustomerEmail, Item, Items, orderLimits } from './order-lines.ts'
export { PaymentCompleted, PaymentFailed, type PaymentFailure, PaymentRefunded } from './payment-events.ts'
export { type Checked, checkerOf, type Problem } from './validation.ts'
