import type { ServiceName } from '@order-saga/contracts'
import { connectBroker } from '@order-saga/chassis'
import type { ChannelModel } from 'amqplib'
import { SourceUnavailable } from '../inspect/stores.ts'
import { queuesOfServices, readQueues } from '../inspect/queues.ts'
import type { BrokerSource } from './sources.ts'

/** Ready messages, without unacknowledged ones: AMQP does not report these. */
export interface QueueDepth {
  readonly service: ServiceName
  readonly queue: string
  readonly deadLetters: boolean
  readonly messages: number
}

const connectMs = 5_000

/**
 * Reads the depths of all queues by passive declaration, which requires neither a plugin nor permissions. Returns only
 * queues with messages; a missing queue counts as empty.
 * @throws SourceUnavailable
 */
export async function readQueueDepths({ url, queues, retryDelaysMs }: BrokerSource): Promise<QueueDepth[]> {
  let connected: ChannelModel | undefined
  try {
    const model = (connected = await connectBroker(url, { name: 'order-saga audit', timeoutMs: connectMs }))
    model.on('error', () => undefined)
    const depths = queuesOfServices(queues, retryDelaysMs).map(
      async ({ service, consumed, retries, deadLetters }): Promise<QueueDepth[]> =>
        (await readQueues(model, [...consumed, ...retries, deadLetters])).map(({ queue, messages }) => ({
          service,
          queue,
          deadLetters: queue === deadLetters,
          messages: messages ?? 0,
        })),
    )
    return (await Promise.all(depths)).flat().filter(({ messages }) => messages > 0)
  } catch (error) {
    throw new SourceUnavailable('broker', error)
  } finally {
    await connected?.close().catch(() => undefined)
  }
}

/** Ready messages of one service: those its consumer will receive, and its dead letters. */
export function depthOf(
  depths: readonly QueueDepth[],
  service: ServiceName,
): { readonly waiting: number; readonly deadLetters: number } {
  const own = depths.filter((depth) => depth.service === service)
  const sum = (deadLetters: boolean): number =>
    own.filter((depth) => depth.deadLetters === deadLetters).reduce((total, { messages }) => total + messages, 0)
  return { waiting: sum(false), deadLetters: sum(true) }
}
