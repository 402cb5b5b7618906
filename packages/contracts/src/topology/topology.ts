import type { EventType, ServiceName } from '../event-type.ts'
import { deadLetterQueue, ownExchange, retryQueue, secondaryQueue } from './names.ts'

/** A service's queue, the events it is bound to, and its secondary queues. */
export interface ServiceQueue {
  readonly service: ServiceName
  readonly queue: string
  readonly events: readonly EventType[]
  /** Names of secondary queues, to which messages over a concurrency limit are diverted. */
  readonly secondaryQueues?: readonly string[]
}

/** Must be the same for every service: with `TOPOLOGY=declare` each declares all of it before it publishes. */
export interface TopologyPlan {
  readonly exchange: string
  readonly queues: readonly ServiceQueue[]
  readonly retryDelaysMs: readonly number[]
}

export interface ExchangeDeclaration {
  readonly name: string
  readonly type: 'topic' | 'direct'
}

export interface QueueDeclaration {
  readonly name: string
  readonly arguments: Readonly<Record<string, string | number>>
}

export interface Binding {
  readonly exchange: string
  readonly queue: string
  readonly routingKey: string
}

/** All exchanges and queues are durable, no exchange has arguments. */
export interface Topology {
  readonly exchanges: readonly ExchangeDeclaration[]
  readonly queues: readonly QueueDeclaration[]
  readonly bindings: readonly Binding[]
}

/** A message that crashes its consumer this often is dead-lettered by the broker. Chosen, not measured. */
const deliveryLimit = 100
/** In effect unlimited: each listing of a dead-letter queue requeues its messages; the default of RabbitMQ 4 is 20. */
const deadLetterDeliveryLimit = 1_000_000

/**
 * The broker's `max_message_size` in bytes. An event is far below it: the largest accepted order has 64 KB, and the largest
 * set of headers of a retried message 8 KB.
 */
export const maxMessageBytes = 1_048_576

/** Exchanges, queues and bindings that must exist before the first publish. */
export function topologyOf({ exchange, queues, retryDelaysMs }: TopologyPlan): Topology {
  return {
    exchanges: [
      { name: exchange, type: 'topic' },
      ...queues.map(({ queue }) => ({ name: ownExchange(queue), type: 'direct' as const })),
    ],
    queues: queues.flatMap((each) => queuesOf(each, retryDelaysMs)),
    bindings: queues.flatMap((each) => [
      ...each.events.map(({ name }) => ({ exchange, queue: each.queue, routingKey: name })),
      ...queuesOf(each, retryDelaysMs).map(({ name }) => ({
        exchange: ownExchange(each.queue),
        queue: name,
        routingKey: name,
      })),
    ]),
  }
}

/** The queues with consumers: the service's own first, then its secondary queues. */
export function workQueuesOf({ queue, secondaryQueues = [] }: Omit<ServiceQueue, 'events'>): [string, ...string[]] {
  return [queue, ...secondaryQueues.map((name) => secondaryQueue(queue, name))]
}

/** The dead-letter queue comes first: at-least-once dead-lettering stalls while its target is missing. */
function queuesOf(of: ServiceQueue, retryDelaysMs: readonly number[]): QueueDeclaration[] {
  const { queue } = of
  const deadLetters = deadLetterQueue(queue)
  return [
    { name: deadLetters, arguments: quorum({ 'x-delivery-limit': deadLetterDeliveryLimit }) },
    ...workQueuesOf(of).map((name) => ({
      name,
      arguments: quorum({ 'x-delivery-limit': deliveryLimit, ...deadLettersTo(deadLetters) }),
    })),
    ...retryDelaysMs.map((delayMs) => ({
      name: retryQueue(queue, delayMs),
      arguments: quorum({ 'x-message-ttl': delayMs, ...deadLettersTo(queue) }),
    })),
  ]
}

function quorum(more: Record<string, string | number>): Record<string, string | number> {
  return { 'x-queue-type': 'quorum', ...more }
}

/**
 * The broker itself dead-letters through the default exchange, which requires no permission of a client. At-least-once
 * dead-lettering requires the overflow `reject-publish` (RabbitMQ, "Quorum Queues").
 */
function deadLettersTo(queue: string): Record<string, string> {
  return {
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': queue,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  }
}
