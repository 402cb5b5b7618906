import type { Channel } from 'amqplib'
import type { EventType } from '@order-saga/contracts'

/** One service's queue: what it is bound to, and the lanes beside it. */
export interface ServiceQueue {
  readonly queue: string
  readonly events: readonly EventType[]
  /** Further queues of the same service, for messages set aside so that others need not wait behind them. */
  readonly lanes?: readonly string[]
}

/** What is declared; every service must be given the same, for each ensures all of it before it publishes. */
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
export const laneQueue = (queue: string, lane: string): string => `${queue}.${lane}`

/** Crash loops end here: a delivery returned this often by dying consumers is dead-lettered by the broker itself. */
const crashLimit = 100
/** Far beyond what listing a dead-letter queue by get and requeue can reach; RabbitMQ 4 would otherwise stop at 20. */
const neverReached = 1_000_000

/** All that must exist before the first publish. */
export function topologyOf(plan: TopologyPlan): Topology {
  const queues: QueueDeclaration[] = []
  const bindings: { queue: string; routingKey: string }[] = []
  for (const { queue, events, lanes = [] } of plan.queues) {
    queues.push({ name: deadLetterQueue(queue), arguments: quorum({ 'x-delivery-limit': neverReached }) })
    queues.push(working(queue, queue))
    for (const lane of lanes) queues.push(working(laneQueue(queue, lane), queue))
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

function working(name: string, base: string): QueueDeclaration {
  return {
    name,
    arguments: quorum({ 'x-delivery-limit': crashLimit, ...deadLettersTo(deadLetterQueue(base)) }),
  }
}

function quorum(more: Record<string, string | number>): Record<string, string | number> {
  return { 'x-queue-type': 'quorum', ...more }
}

/** At-least-once dead-lettering is refused by the broker unless the queue's overflow is `reject-publish`. */
function deadLettersTo(queue: string): Record<string, string> {
  return {
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': queue,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  }
}

/** Declares everything; declaring what exists with the same arguments changes nothing. */
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

/** Asks only whether everything is there, for brokers whose platform owns the topology. */
export async function checkTopology(channel: Channel, topology: Topology): Promise<void> {
  await channel.checkExchange(topology.exchange)
  for (const queue of topology.queues) await channel.checkQueue(queue.name)
}
