import type { ChannelModel } from 'amqplib'
import { close } from './close.ts'

export interface QueueDepth {
  readonly queue: string
  /** Ready messages; those a consumer holds are not among them. Null when there is no such queue. */
  readonly messages: number | null
  readonly consumers: number | null
}

/** Asks the broker itself, without its management plugin: a passive declaration answers with both counts. */
export async function readQueues(model: ChannelModel, queues: readonly string[]): Promise<QueueDepth[]> {
  const depths: QueueDepth[] = []
  let channel: Awaited<ReturnType<typeof open>> | undefined
  for (const queue of queues) {
    channel ??= await open(model)
    try {
      const { messageCount, consumerCount } = await channel.checkQueue(queue)
      depths.push({ queue, messages: messageCount, consumers: consumerCount })
    } catch (error) {
      if ((error as { code?: unknown }).code !== 404) throw error
      // The broker has closed the channel with its answer.
      channel = undefined
      depths.push({ queue, messages: null, consumers: null })
    }
  }
  if (channel !== undefined) await close(channel)
  return depths
}

async function open(model: ChannelModel): ReturnType<ChannelModel['createChannel']> {
  const channel = await model.createChannel()
  // A queue that is not there is reported by its own promise too.
  channel.on('error', () => undefined)
  return channel
}
