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

/** An exchange or a queue is missing: the broker's definitions are not loaded yet, or are those of an older release. */
export class TopologyIncomplete extends Error {
  override readonly name = 'TopologyIncomplete'
}

/**
 * Checks passively that exchanges and queues exist, for brokers whose platform owns the topology.
 * @throws TopologyIncomplete with a sentence about the first that does not exist
 */
export async function checkTopology(channel: Channel, { exchanges, queues }: Topology): Promise<void> {
  for (const { name } of exchanges) await existing('exchange', name, channel.checkExchange(name))
  for (const { name } of queues) await existing('queue', name, channel.checkQueue(name))
}

/** 404 NOT_FOUND; RabbitMQ may answer 403 ACCESS_REFUSED also for a name that does not exist. */
const absent: readonly unknown[] = [403, 404]

async function existing(kind: string, name: string, check: Promise<unknown>): Promise<void> {
  try {
    await check
  } catch (error) {
    if (!absent.includes((error as { code?: unknown }).code)) throw error
    throw new TopologyIncomplete(
      `The ${kind} ${name} does not exist, or the user has no permission for it: load the broker's definitions of this release.`,
      { cause: error },
    )
  }
}
