import { isDeepStrictEqual } from 'node:util'
import { closeChannel } from '@order-saga/chassis'
import type { Binding, ExchangeDeclaration, QueueDeclaration, Topology } from '@order-saga/contracts'
import type { Channel, ChannelModel } from 'amqplib'

/**
 * `different`: it exists with another type or other arguments, which a declaration cannot change. `unknown`: the user may
 * not see it over AMQP, which shows no binding, and the management API was not read.
 */
export type PartState = 'present' | 'missing' | 'different' | 'unknown'

const notFound = 404
/** The broker checks permissions first, so it does not say whether the part exists. */
export const accessRefused = 403

export interface TopologyPart {
  readonly kind: 'exchange' | 'queue' | 'binding'
  readonly name: string
  readonly state: PartState
}

export const bindingName = ({ exchange, queue, routingKey }: Binding): string => `${exchange} → ${queue}: ${routingKey}`
/** The part of the broker's definitions that a client does not see over AMQP. */
export interface BrokerDefinitions {
  readonly exchanges: readonly ExchangeDeclaration[]
  readonly queues: readonly QueueDeclaration[]
  readonly bindings: readonly Binding[]
}

const key = ({ exchange, queue, routingKey }: Binding): string => JSON.stringify([exchange, queue, routingKey])

/**
 * Compares the broker with the topology; changes nothing. Queues are declared passively, and exchanges without `defined`.
 * @param defined undefined if the management API was not read
 */
export async function checkTopology(
  model: ChannelModel,
  topology: Topology,
  defined: BrokerDefinitions | undefined,
): Promise<TopologyPart[]> {
  const parts: TopologyPart[] = []
  for (const exchange of topology.exchanges) {
    const { name } = exchange
    const found = defined?.exchanges.find((each) => each.name === name)
    const state =
      defined === undefined
        ? await exists(model, (channel) => channel.checkExchange(name))
        : stateOf(found?.type, exchange.type)
    parts.push({ kind: 'exchange', name, state })
  }
  for (const queue of topology.queues) {
    const { name } = queue
    const state = await exists(model, (channel) => channel.checkQueue(name))
    const found = defined?.queues.find((each) => each.name === name)
    const isKnown = state === 'present' && found !== undefined
    parts.push({ kind: 'queue', name, state: isKnown ? stateOf(found.arguments, queue.arguments) : state })
  }
  const known = defined && new Set(defined.bindings.map(key))
  for (const binding of topology.bindings) {
    const state = known === undefined ? 'unknown' : known.has(key(binding)) ? 'present' : 'missing'
    parts.push({ kind: 'binding', name: bindingName(binding), state })
  }
  return parts
}

function stateOf(found: unknown, declared: unknown): PartState {
  if (found === undefined) return 'missing'
  return isDeepStrictEqual(found, declared) ? 'present' : 'different'
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
    const { code } = error as { code?: unknown }
    if (code === notFound) return 'missing'
    if (code === accessRefused) return 'unknown'
    throw error
  }
}
