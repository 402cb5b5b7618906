export { catalogue, consumedBy, type EventName, publishedBy, secondaryQueuesOf, services } from './catalogue.ts'
export { currencies, noCurrency } from './currency.ts'
export { type Decided, type Decision, type Ignored } from './decision.ts'
export { type Envelope, EnvelopeSchema, Uuid } from './envelope.ts'
export { type EventType, type PayloadOf, type ServiceName } from './event-type.ts'
export { Instant, instantOf } from './instant.ts'
export { InventoryFailed, type InventoryFailure, InventoryReserved } from './inventory-events.ts'
export {
  decimalOf,
  isRefusal,
  largestAmount,
  minorUnitsOf,
  type Money,
  moneyFromDecimal,
  moneyOf,
  type MoneyRefusal,
} from './money.ts'
export {
  type CancelReason,
  OrderCancelled,
  OrderConfirmed,
  OrderCreated,
  PaymentRefundRequested,
} from './order-events.ts'
export { type QueueNames, serviceQueues } from './queues.ts'
export { CustomerEmail, CustomerId, isCustomerId, Item, orderLimits, personalFields } from './order-lines.ts'
export { PaymentCompleted, PaymentFailed, type PaymentFailure, PaymentRefunded } from './payment-events.ts'
export { type Checked, checkerOf } from './validation.ts'
export {
  type BrokerUser,
  type Definitions,
  definitionsOf,
  type ProcessUser,
  processUsers,
} from './topology/definitions.ts'
export { deadLetterQueue, ownExchange, retryQueue, secondaryQueue } from './topology/names.ts'
export {
  type Binding,
  type ExchangeDeclaration,
  type QueueDeclaration,
  maxMessageBytes,
  type ServiceQueue,
  type Topology,
  topologyOf,
  type TopologyPlan,
  workQueuesOf,
} from './topology/topology.ts'
