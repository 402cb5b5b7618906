import { closeChannel, messageOf } from '@order-saga/chassis'
import type { Topology } from '@order-saga/contracts'
import type { Channel, ChannelModel } from 'amqplib'
import { NotDone } from '../stores.ts'
import { accessRefused, bindingName, type TopologyPart } from './check-topology.ts'

/** A part that differs has to be deleted first, which would lose its messages. */
export const isRepairable = ({ state }: TopologyPart): boolean => state === 'missing' || state === 'unknown'

/**
 * Declares what `checkTopology` found missing. Unknown parts are declared, too: a declaration is idempotent. Queues first,
 * dead-letter queues foremost, as in the declaration of a new broker.
 * @throws NotDone when the user lacks a permission; everything before stays repaired
 */
export async function repairTopology(
  model: ChannelModel,
  topology: Topology,
  parts: readonly TopologyPart[],
  user: string,
): Promise<void> {
  const wanted = new Set(parts.filter(isRepairable).map(({ kind, name }) => `${kind} ${name}`))
  for (const { name, type } of topology.exchanges) {
    if (!wanted.has(`exchange ${name}`)) continue
    await declare(model, user, `the exchange ${name}`, (channel) =>
      channel.assertExchange(name, type, { durable: true }),
    )
  }
  for (const { name, arguments: args } of topology.queues) {
    if (!wanted.has(`queue ${name}`)) continue
    await declare(model, user, `the queue ${name}`, (channel) =>
      channel.assertQueue(name, { durable: true, arguments: args }),
    )
  }
  for (const binding of topology.bindings) {
    if (!wanted.has(`binding ${bindingName(binding)}`)) continue
    const { exchange, queue, routingKey } = binding
    await declare(model, user, `the binding ${bindingName(binding)}`, (channel) =>
      channel.bindQueue(queue, exchange, routingKey),
    )
  }
}

async function declare(
  model: ChannelModel,
  user: string,
  what: string,
  work: (channel: Channel) => PromiseLike<unknown>,
): Promise<void> {
  const channel = await model.createChannel()
  channel.on('error', () => undefined)
  try {
    await work(channel)
    await closeChannel(channel)
  } catch (error) {
    if ((error as { code?: unknown }).code === accessRefused) {
      throw new NotDone(
        `The broker user ${user} may not declare ${what}: set RABBITMQ_ADMIN_URL to the URL of an administrator, or of a user with the permissions configure, write and read on it`,
      )
    }
    throw new NotDone(`The broker refuses ${what}: ${messageOf(error)}`)
  }
}
