import { serviceQueues, type ServiceName, services } from '@order-saga/contracts'
import { deadLetterQueue, laneQueue, messageOf, retryQueue } from '@order-saga/chassis'
import { type Channel, type ChannelModel, connect } from 'amqplib'
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
 * rights than a log-in. A queue that does not exist holds nothing.
 * @throws Error whose message is half a sentence naming the broker
 */
export async function readQueueDepths(source: BrokerSource): Promise<QueueDepth[]> {
  let model: ChannelModel | undefined
  try {
    model = await connect(withHeartbeat(source.url), {
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
  const depths: QueueDepth[] = []
  let channel: Channel | undefined
  for (const [i, { queue, lanes }] of serviceQueues(source.queues).entries()) {
    const service = services[i] as ServiceName
    const working = [
      queue,
      ...lanes.map((lane) => laneQueue(queue, lane)),
      ...source.retryDelaysMs.map((delayMs) => retryQueue(queue, delayMs)),
    ]
    for (const name of [...working, deadLetterQueue(queue)]) {
      channel ??= await openChannel(model)
      try {
        const { messageCount } = await channel.checkQueue(name)
        depths.push({ service, queue: name, deadLetters: name === deadLetterQueue(queue), messages: messageCount })
      } catch (error) {
        if ((error as { code?: unknown }).code !== notFound) throw error
        // The broker closes the channel on which a queue was not found.
        channel = undefined
      }
    }
  }
  return depths
}

/** A broker that falls silent is noticed within two to three intervals. */
function withHeartbeat(url: string): string {
  const parsed = new URL(url)
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(heartbeatSeconds))
  return parsed.toString()
}

async function openChannel(model: ChannelModel): Promise<Channel> {
  const channel = await model.createChannel()
  channel.on('error', () => undefined)
  return channel
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
