import type { ServiceName } from '@order-saga/contracts'
import { connectBroker } from '@order-saga/chassis'
import type { ChannelModel } from 'amqplib'
import { SourceUnavailable } from '../inspect/stores.ts'
import { queuesOfServices, readQueues } from '../inspect/queues.ts'
import type { RetryMessage } from '../inspect/retries/retry-message.ts'
import { retryQueuesOf, scanRetries } from '../inspect/retries/scan-retries.ts'
import type { BrokerSource } from './sources.ts'

/** Ready messages, without unacknowledged ones: AMQP does not report these. */
export interface QueueDepth {
  readonly service: ServiceName
  readonly queue: string
  readonly deadLetters: boolean
  readonly messages: number
}

const connectMs = 5_000
/** AMQP 0-9-1, reply code access-refused. */
const accessRefused = 403

/**
 * Reads the depths of all queues by passive declaration, which requires neither a plugin nor permissions. Returns only
 * queues with messages; a missing queue counts as empty.
 * @throws SourceUnavailable
 */
export async function readQueueDepths(broker: BrokerSource): Promise<QueueDepth[]> {
  return connected(broker, async (model) => {
    const { queues, retryDelaysMs } = broker
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
  })
}

/**
 * Reads the messages of the retry queues that are not empty. Their broker holds them meanwhile, for milliseconds, and keeps
 * their expiry. Undefined if the user may not read them, as on a broker whose permissions are those of release 0.1.0.
 * @throws SourceUnavailable
 */
export async function readRetries(
  broker: BrokerSource,
  depths: readonly QueueDepth[],
  now: () => Date,
): Promise<RetryMessage[] | undefined> {
  const filled = retryQueuesOf(broker.queues, broker.retryDelaysMs).filter(({ queue }) =>
    depths.some((depth) => depth.queue === queue),
  )
  if (filled.length === 0) return []
  return connected(broker, async (model) => {
    const found: RetryMessage[] = []
    try {
      await scanRetries(model, { queues: filled, now }, async (some) => {
        found.push(...some.map(({ retry }) => retry))
      })
    } catch (error) {
      if ((error as { code?: unknown }).code === accessRefused) return undefined
      throw error
    }
    return found
  })
}

/** @throws SourceUnavailable */
async function connected<T>({ url }: BrokerSource, read: (model: ChannelModel) => Promise<T>): Promise<T> {
  let model: ChannelModel | undefined
  try {
    model = await connectBroker(url, { name: 'order-saga audit', timeoutMs: connectMs })
    model.on('error', () => undefined)
    return await read(model)
  } catch (error) {
    throw new SourceUnavailable('broker', error)
  } finally {
    await model?.close().catch(() => undefined)
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
