import type { Channel } from 'amqplib'
import type { EventType } from '@order-saga/contracts'

/** A service's queue, the events it is bound to, and its secondary queues. */
export interface ServiceQueue {
  readonly queue: string
  readonly events: readonly EventType[]
  /** Names of secondary queues, to which messages over a concurrency limit are diverted. */
  readonly secondaryQueues?: readonly string[]
}

/** Must be the same for every service: each declares all of it before it publishes. */
export interface TopologyPlan {
  readonly exchange: string
  readonly queues: readonly ServiceQueue[]
  readonly retryDelaysMs: readonly number[]
}

export interface QueueDeclaration {
  readonly name: string
  readonly arguments: Readonly<Record<string, string | number>>
}

export interface Topology {
  readonly exchange: string
  readonly queues: readonly QueueDeclaration[]
  readonly bindings: readonly { readonly queue: string; readonly routingKey: string }[]
}

export const deadLetterQueue = (queue: string): string => `${queue}.dlq`
export const retryQueue = (queue: string, delayMs: number): string => `${queue}.retry.${delayMs}`
export const secondaryQueue = (queue: string, name: string): string => `${queue}.${name}`

/** A message that crashes its consumer this often is dead-lettered by the broker. Chosen, not measured. */
const deliveryLimit = 100
/** In effect unlimited: each listing of a dead-letter queue requeues its messages; the default of RabbitMQ 4 is 20. */
const deadLetterDeliveryLimit = 1_000_000

/** Exchange, queues and bindings that must exist before the first publish. */
export function topologyOf(plan: TopologyPlan): Topology {
  const queues: QueueDeclaration[] = []
  const bindings: { queue: string; routingKey: string }[] = []
  for (const { queue, events, secondaryQueues = [] } of plan.queues) {
    queues.push({ name: deadLetterQueue(queue), arguments: quorum({ 'x-delivery-limit': deadLetterDeliveryLimit }) })
    queues.push(workQueue(queue, queue))
    for (const name of secondaryQueues) queues.push(workQueue(secondaryQueue(queue, name), queue))
    for (const delayMs of plan.retryDelaysMs) {
      queues.push({
        name: retryQueue(queue, delayMs),
        arguments: quorum({ 'x-message-ttl': delayMs, ...deadLettersTo(queue) }),
      })
    }
    for (const event of events) bindings.push({ queue, routingKey: event.name })
  }
  return { exchange: plan.exchange, queues, bindings }
}

function workQueue(name: string, base: string): QueueDeclaration {
  return {
    name,
    arguments: quorum({ 'x-delivery-limit': deliveryLimit, ...deadLettersTo(deadLetterQueue(base)) }),
  }
}

function quorum(more: Record<string, string | number>): Record<string, string | number> {
  return { 'x-queue-type': 'quorum', ...more }
}

/** At-least-once dead-lettering requires the overflow `reject-publish` (RabbitMQ, "Quorum Queues"). */
function deadLettersTo(queue: string): Record<string, string> {
  return {
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': queue,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  }
}

/** Declares exchange, queues and bindings; idempotent. */
export async function declareTopology(channel: Channel, topology: Topology): Promise<void> {
  await channel.assertExchange(topology.exchange, 'topic', { durable: true })
  // Dead-letter queues come first in the list: at-least-once dead-lettering stalls while its target is missing.
  await Promise.all(
    topology.queues.map((queue) => channel.assertQueue(queue.name, { durable: true, arguments: queue.arguments })),
  )
  await Promise.all(
    topology.bindings.map((binding) => channel.bindQueue(binding.queue, topology.exchange, binding.routingKey)),
  )
}

/** Checks passively that exchange and queues exist, for brokers whose platform owns the topology. */
export async function checkTopology(channel: Channel, topology: Topology): Promise<void> {
  await channel.checkExchange(topology.exchange)
  for (const queue of topology.queues) await channel.checkQueue(queue.name)
}
