import { closeChannel } from '@order-saga/chassis'
import type { Binding, Topology } from '@order-saga/contracts'
import type { Channel, ChannelModel } from 'amqplib'

/** `unknown`: AMQP does not show it, and the management API was not read. */
export type PartState = 'present' | 'missing' | 'unknown'

export interface TopologyPart {
  readonly kind: 'exchange' | 'queue' | 'binding'
  readonly name: string
  readonly state: PartState
}

export const bindingName = ({ exchange, queue, routingKey }: Binding): string => `${exchange} → ${queue}: ${routingKey}`
const key = ({ exchange, queue, routingKey }: Binding): string => JSON.stringify([exchange, queue, routingKey])

/**
 * Compares the broker with the topology; changes nothing. Exchanges and queues are declared passively.
 * @param bindings those of the broker; undefined if they could not be read
 */
export async function checkTopology(
  model: ChannelModel,
  topology: Topology,
  bindings: readonly Binding[] | undefined,
): Promise<TopologyPart[]> {
  const parts: TopologyPart[] = []
  for (const { name } of topology.exchanges) {
    const state = await exists(model, (channel) => channel.checkExchange(name))
    parts.push({ kind: 'exchange', name, state })
  }
  for (const { name } of topology.queues) {
    const state = await exists(model, (channel) => channel.checkQueue(name))
    parts.push({ kind: 'queue', name, state })
  }
  const known = bindings && new Set(bindings.map(key))
  for (const binding of topology.bindings) {
    const state = known === undefined ? 'unknown' : known.has(key(binding)) ? 'present' : 'missing'
    parts.push({ kind: 'binding', name: bindingName(binding), state })
  }
  return parts
}

/** The broker closes the channel of a failed declaration, so each has its own. */
async function exists(model: ChannelModel, declare: (channel: Channel) => PromiseLike<unknown>): Promise<PartState> {
  const channel = await model.createChannel()
  // The promise of the declaration reports the error too.
  channel.on('error', () => undefined)
  try {
    await declare(channel)
    await closeChannel(channel)
    return 'present'
  } catch (error) {
    if ((error as { code?: unknown }).code === 404) return 'missing'
    throw error
  }
}
