import type { Topology } from '@order-saga/contracts'
import type { Channel } from 'amqplib'

/** Declares exchanges, queues and bindings; idempotent. */
export async function declareTopology(channel: Channel, topology: Topology): Promise<void> {
  await Promise.all(topology.exchanges.map(({ name, type }) => channel.assertExchange(name, type, { durable: true })))
  // Dead-letter queues come first in the list: at-least-once dead-lettering stalls while its target is missing.
  await Promise.all(
    topology.queues.map((queue) => channel.assertQueue(queue.name, { durable: true, arguments: queue.arguments })),
  )
  await Promise.all(
    topology.bindings.map(({ queue, exchange, routingKey }) => channel.bindQueue(queue, exchange, routingKey)),
  )
}

/** Checks passively that exchanges and queues exist, for brokers whose platform owns the topology. */
export async function checkTopology(channel: Channel, { exchanges, queues }: Topology): Promise<void> {
  for (const { name } of exchanges) await channel.checkExchange(name)
  for (const { name } of queues) await channel.checkQueue(name)
}
