import { closeChannel } from '@order-saga/chassis'
import {
  secondaryQueuesOf,
  type QueueNames,
  type ServiceName,
  services,
  deadLetterQueue,
  secondaryQueue,
  retryQueue,
} from '@order-saga/contracts'
import type { Channel, ChannelModel } from 'amqplib'

export interface ServiceQueues {
  readonly service: ServiceName
  /** The queues with consumers: the service's own first, then its secondary queues. */
  readonly consumed: readonly [string, ...string[]]
  readonly retries: readonly string[]
  readonly deadLetters: string
}

export interface QueueDepth {
  readonly queue: string
  /** Ready messages, without unacknowledged ones. Null if the queue does not exist. */
  readonly messages: number | null
  readonly consumers: number | null
}

export function queuesOfServices(names: QueueNames, retryDelaysMs: readonly number[] = []): ServiceQueues[] {
  return services.map((service) => {
    const queue = names[`${service}Queue`]
    return {
      service,
      consumed: [queue, ...secondaryQueuesOf[service].map((name) => secondaryQueue(queue, name))],
      retries: retryDelaysMs.map((delayMs) => retryQueue(queue, delayMs)),
      deadLetters: deadLetterQueue(queue),
    }
  })
}

/** Reads depths by passive declaration, which returns both counts and requires no management plugin. */
export async function readQueues(model: ChannelModel, queues: readonly string[]): Promise<QueueDepth[]> {
  const depths: QueueDepth[] = []
  let channel: Channel | undefined
  for (const queue of queues) {
    channel ??= await openChannel(model)
    try {
      const { messageCount, consumerCount } = await channel.checkQueue(queue)
      depths.push({ queue, messages: messageCount, consumers: consumerCount })
    } catch (error) {
      if ((error as { code?: unknown }).code !== 404) throw error
      // The broker closes the channel of a failed declaration.
      channel = undefined
      depths.push({ queue, messages: null, consumers: null })
    }
  }
  if (channel !== undefined) await closeChannel(channel)
  return depths
}

async function openChannel(model: ChannelModel): Promise<Channel> {
  const channel = await model.createChannel()
  // The promise of the declaration reports the error too.
  channel.on('error', () => undefined)
  return channel
}
