import { commonSettings } from '@order-saga/chassis'
import {
  deadLetterQueue,
  ownExchange,
  retryQueue,
  secondaryQueue,
  serviceQueues,
  topologyOf,
  workQueuesOf,
} from '@order-saga/contracts'

type Json = Readonly<Record<string, unknown>>
export type DocumentedQueues = ReturnType<typeof serviceQueues>[number]
type Addressed = readonly [queue: string, description: string]

/** The names and delays that the settings have by default. */
export const documentedPlan = {
  exchange: 'order.topic',
  queues: serviceQueues({
    orderQueue: 'order_queue',
    paymentQueue: 'payment_queue',
    inventoryQueue: 'inventory_queue',
    notificationQueue: 'notification_queue',
  }),
  retryDelaysMs: commonSettings.retryDelaysMs.default,
}
const topology = topologyOf(documentedPlan)

export function exchangeNamed(name: string): Json {
  const type = topology.exchanges.find((exchange) => exchange.name === name)?.type
  return { name, type, durable: true, autoDelete: false, vhost: '/' }
}

/** The channels of one service: its queues, and the exchange by which it sends messages to them. */
export function queueChannels(of: DocumentedQueues, messages: Json): [string, Json][] {
  const names = of.events.map(({ name }) => name).join(', ')
  const { queue, service } = of
  const retries = documentedPlan.retryDelaysMs.map((delayMs): Addressed => [
    retryQueue(queue, delayMs),
    `No process consumes it: the broker returns each message to ${queue} after ${delayMs} ms, by the default exchange.`,
  ])
  const secondary = of.secondaryQueues.map((name): Addressed => [
    secondaryQueue(queue, name),
    `Consumed by ${service}, which diverts messages over its concurrency limit to it, with unchanged headers but first-routing-key.`,
  ])
  const queues: readonly Addressed[] = [
    [
      queue,
      `Bound to ${documentedPlan.exchange} with the routing keys ${names}. The name is a setting; those of the other queues and of the direct exchange follow from it.`,
    ],
    ...secondary,
    ...retries,
    [
      deadLetterQueue(queue),
      'Messages that were not processed, with the reason. No service consumes it: an operator replays or discards them.',
    ],
  ]
  return [...queues.map((each) => queueChannel(each, messages)), directChannel(of, messages)]
}

function queueChannel([address, description]: Addressed, messages: Json): [string, Json] {
  const queue = { name: address, durable: true, exclusive: false, autoDelete: false, vhost: '/' }
  return [
    identifierOf(address),
    {
      address,
      description,
      messages,
      bindings: { amqp: { is: 'queue', queue, bindingVersion: '0.3.0' } },
      'x-queue-arguments': topology.queues.find(({ name }) => name === address)?.arguments,
    },
  ]
}

function directChannel(of: DocumentedQueues, messages: Json): [string, Json] {
  const exchange = ownExchange(of.queue)
  const reachable = topology.bindings.filter((binding) => binding.exchange === exchange).map(({ queue }) => queue)
  return [
    identifierOf(exchange),
    {
      address: '{queue}',
      description:
        `Only ${of.service} and the operations programs publish to this exchange: retries, dead letters and replays` +
        `${workQueuesOf(of).length > 1 ? ', and messages for the secondary queue' : ''}. The routing key is the name of the ` +
        'queue. The user of a service has no permission to publish to a queue in another way.',
      parameters: { queue: { description: 'the name of a queue of the service', enum: reachable } },
      messages,
      bindings: { amqp: { is: 'routingKey', exchange: exchangeNamed(exchange), bindingVersion: '0.3.0' } },
    },
  ]
}

/** A channel's id from the name of a queue or an exchange. */
export function identifierOf(name: string): string {
  return name.replaceAll('.', '_')
}
