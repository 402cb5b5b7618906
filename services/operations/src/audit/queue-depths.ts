import { serviceQueues, type ServiceName, services } from '@order-saga/contracts'
import { deadLetterQueue, secondaryQueue, messageOf, retryQueue, withHeartbeat } from '@order-saga/chassis'
import { type ChannelModel, connect } from 'amqplib'
import type { BrokerSource } from './sources.ts'

/** Ready messages. What a consumer holds unacknowledged is not among them: AMQP does not tell. */
export interface QueueDepth {
  readonly service: ServiceName
  readonly queue: string
  readonly deadLetters: boolean
  readonly messages: number
}

const connectMs = 5_000
const heartbeatSeconds = 5
const notFound = 404

/**
 * Asks the broker how full the queues are, without touching a message. Works on every broker, with no plugin and no more
 * rights than a log-in. Only queues that hold something are returned; one that does not exist holds nothing.
 * @throws Error whose message is half a sentence naming the broker
 */
export async function readQueueDepths(source: BrokerSource): Promise<QueueDepth[]> {
  let model: ChannelModel | undefined
  try {
    model = await connect(withHeartbeat(source.url, heartbeatSeconds), {
      timeout: connectMs,
      clientProperties: { connection_name: 'order-saga audit' },
    })
    model.on('error', () => undefined)
    return await depthsOf(model, source)
  } catch (error) {
    throw new Error(`the broker: ${messageOf(error)}`, { cause: error })
  } finally {
    await model?.close().catch(() => undefined)
  }
}

async function depthsOf(model: ChannelModel, source: BrokerSource): Promise<QueueDepth[]> {
  const depths = await Promise.all(
    serviceQueues(source.queues).flatMap(({ queue, secondaryQueues }, i) => {
      const service = services[i] as ServiceName
      const waiting = [
        queue,
        ...secondaryQueues.map((name) => secondaryQueue(queue, name)),
        ...source.retryDelaysMs.map((delayMs) => retryQueue(queue, delayMs)),
      ]
      return [...waiting, deadLetterQueue(queue)].map(async (name) => {
        const messages = await messagesIn(model, name)
        return { service, queue: name, deadLetters: !waiting.includes(name), messages }
      })
    }),
  )
  return depths.filter(({ messages }) => messages > 0)
}

/** On a channel of its own: the broker closes the channel on which a queue was not found. */
async function messagesIn(model: ChannelModel, queue: string): Promise<number> {
  const channel = await model.createChannel()
  channel.on('error', () => undefined)
  try {
    const { messageCount } = await channel.checkQueue(queue)
    await channel.close()
    return messageCount
  } catch (error) {
    if ((error as { code?: unknown }).code === notFound) return 0
    throw error
  }
}

/** Ready messages of one service: those its consumer will still get, and those that were given up. */
export function depthOf(
  depths: readonly QueueDepth[],
  service: ServiceName,
): { readonly waiting: number; readonly deadLetters: number } {
  const own = depths.filter((depth) => depth.service === service)
  const sum = (deadLetters: boolean): number =>
    own.filter((depth) => depth.deadLetters === deadLetters).reduce((total, { messages }) => total + messages, 0)
  return { waiting: sum(false), deadLetters: sum(true) }
}
