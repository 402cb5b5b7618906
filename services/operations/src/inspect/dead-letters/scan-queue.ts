import { setTimeout as delay } from 'node:timers/promises'
import { closeChannel, DependencyUnavailable } from '@order-saga/chassis'
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'

/** Messages per channel. With 2,047 channels per connection, a million dead letters can be scanned. */
const windowSize = 500
/** A counted message that is not delivered within this time was consumed by another consumer. */
const quietMs = 2_000

/** Limit of the wait for the requeue, which the broker completes after it confirms the close of the channel. */
const requeueMs = 5_000
const pollMs = 5

/** Visits the messages of one window; those that are not acknowledged are requeued. */
export type Visit = (
  messages: readonly ConsumeMessage[],
  ack: (message: ConsumeMessage) => void,
) => Promise<'go on' | 'stop'>

/**
 * Visits every message in the queue, in order, a window at a time. Messages that were not acknowledged are requeued, even
 * if this process is killed, and in their old order if this returns. Meanwhile they are unacknowledged and not delivered to
 * other consumers.
 *
 * A quorum queue requeues the messages of a cancelled consumer in their order, behind those requeued before. So each window
 * is the only consumer of its own channel, and the channels are closed in the order of the windows, each when the messages
 * of the previous one are requeued. After `visit` has stopped, the rest of the queue is consumed too: otherwise it would
 * stand in front. A `basic.get` counts as its own consumer; consumers that are lost together, and a multiple `nack`,
 * requeue in no order.
 */
export async function scanQueue(
  model: ChannelModel,
  { queue, depth }: { readonly queue: string; readonly depth: number },
  visit: Visit,
): Promise<void> {
  const windows: Window[] = []
  let stopped = false
  try {
    for (let left = depth; left > 0;) {
      const window = await Window.open(model, queue, Math.min(left, windowSize))
      windows.push(window)
      const messages = await window.filled()
      if (!stopped) stopped = (await visit(messages, (message) => window.ack(message))) === 'stop'
      left -= messages.length
      if (messages.length < window.size) break
    }
  } finally {
    await requeueAll(model, queue, windows)
  }
}

/** Closes the windows in sequence. */
async function requeueAll(model: ChannelModel, queue: string, windows: readonly Window[]): Promise<void> {
  const channel = await model.createChannel().catch(() => undefined)
  channel?.on('error', () => undefined)
  const ready = async (): Promise<number> =>
    (await channel?.checkQueue(queue))?.messageCount ?? Number.POSITIVE_INFINITY
  for (const window of windows) {
    const before = await ready().catch(() => Number.NEGATIVE_INFINITY)
    await window.close()
    const limit = performance.now() + requeueMs
    const isRequeued = async (): Promise<boolean> => (await ready()) >= before + window.unacknowledged
    while (!(await isRequeued().catch(() => true)) && performance.now() < limit) await delay(pollMs)
  }
  if (channel !== undefined) await closeChannel(channel)
}

/** Unacknowledged messages from the head of a queue, of one consumer on its own channel. */
class Window {
  readonly size: number
  readonly #channel: Channel
  readonly #messages: ConsumeMessage[] = []
  #onChange: () => void = () => undefined
  #isClosed = false
  #consumerTag = ''
  #unacknowledged = 0

  private constructor(channel: Channel, size: number) {
    this.#channel = channel
    this.size = size
  }

  static async open(model: ChannelModel, queue: string, size: number): Promise<Window> {
    const channel = await model.createChannel()
    const window = new Window(channel, size)
    channel.on('error', () => undefined).on('close', () => window.#end())
    await channel.prefetch(size)
    const { consumerTag } = await channel.consume(queue, (message) => {
      if (message === null) return window.#end()
      window.#messages.push(message)
      window.#unacknowledged += 1
      window.#onChange()
    })
    window.#consumerTag = consumerTag
    return window
  }

  /** Resolves when the window is full or no more messages are delivered. @throws DependencyUnavailable when the channel is lost */
  async filled(): Promise<readonly ConsumeMessage[]> {
    await new Promise<void>((resolve) => {
      let timer = setTimeout(resolve, quietMs)
      this.#onChange = () => {
        clearTimeout(timer)
        if (this.#isClosed || this.#messages.length >= this.size) resolve()
        else timer = setTimeout(resolve, quietMs)
      }
      this.#onChange()
    })
    if (this.#isClosed)
      throw new DependencyUnavailable('broker', new Error('The broker closed the channel of the scan'))
    // After an ack the broker would deliver a message of the next window. A cancelled consumer keeps its messages.
    await this.#channel.cancel(this.#consumerTag)
    return this.#messages.splice(0)
  }

  ack(message: ConsumeMessage): void {
    this.#channel.ack(message)
    this.#unacknowledged -= 1
  }

  get unacknowledged(): number {
    return this.#unacknowledged
  }

  /** Requeues the unacknowledged messages. */
  async close(): Promise<void> {
    if (!this.#isClosed) await closeChannel(this.#channel)
  }

  #end(): void {
    this.#isClosed = true
    this.#onChange()
  }
}
