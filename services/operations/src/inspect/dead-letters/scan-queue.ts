import { setTimeout as delay } from 'node:timers/promises'
import { closeChannel, DependencyUnavailable } from '@order-saga/chassis'
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'

/** Messages one channel holds at most. With 2,047 channels to a connection, a million dead letters can be scanned. */
const windowSize = 500
/** A message that was counted and does not arrive within this time was taken by another consumer. */
const quietMs = 2_000

/** The broker confirms that a channel is closed a moment before the messages are back in the queue. */
const backMs = 5_000
const pollMs = 5

/** What is done with the messages of one window; those that are not acknowledged go back. */
export type Visit = (
  messages: readonly ConsumeMessage[],
  ack: (message: ConsumeMessage) => void,
) => Promise<'go on' | 'stop'>

/**
 * Visits every message that is in the queue now, in its order, a window at a time. Every message that was not
 * acknowledged is in the queue afterwards, even if this process is killed, and in its old order if this returns.
 * Meanwhile the broker shows the messages as unacknowledged and delivers them to no other consumer.
 *
 * A quorum queue returns the messages of a lost consumer in their order, behind all that were returned before. So each
 * window is the one consumer of a channel of its own, the channels are closed in the order of the windows, each when
 * the messages of the one before are back, and even after `visit` has stopped the rest of the queue is held too: what
 * is left in it would come to stand in front. A `basic.get` counts as a consumer of its own; several consumers that are
 * lost together, and a multiple `nack`, return their messages in no order.
 */
export async function scanQueue(
  model: ChannelModel,
  { queue, depth }: { readonly queue: string; readonly depth: number },
  visit: Visit,
): Promise<void> {
  const windows: Window[] = []
  let enough = false
  try {
    for (let left = depth; left > 0;) {
      const window = await Window.open(model, queue, Math.min(left, windowSize))
      windows.push(window)
      const messages = await window.filled()
      if (!enough) enough = (await visit(messages, (message) => window.ack(message))) === 'stop'
      left -= messages.length
      if (messages.length < window.size) break
    }
  } finally {
    await giveBack(model, queue, windows)
  }
}

/** Closes the windows one after the other. Without the connection the broker does so, in an order of its own. */
async function giveBack(model: ChannelModel, queue: string, windows: readonly Window[]): Promise<void> {
  const channel = await model.createChannel().catch(() => undefined)
  channel?.on('error', () => undefined)
  const ready = async (): Promise<number> =>
    (await channel?.checkQueue(queue))?.messageCount ?? Number.POSITIVE_INFINITY
  for (const window of windows) {
    const before = await ready().catch(() => Number.NEGATIVE_INFINITY)
    await window.close()
    const limit = performance.now() + backMs
    const isBack = async (): Promise<boolean> => (await ready()) >= before + window.held
    while (!(await isBack().catch(() => true)) && performance.now() < limit) await delay(pollMs)
  }
  if (channel !== undefined) await closeChannel(channel)
}

/** Some messages at the head of a queue, held by one consumer on a channel of its own. */
class Window {
  readonly size: number
  readonly #channel: Channel
  readonly #messages: ConsumeMessage[] = []
  #onChange: () => void = () => undefined
  #over = false
  #consumerTag = ''
  #held = 0

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
      window.#held += 1
      window.#onChange()
    })
    window.#consumerTag = consumerTag
    return window
  }

  /** Resolves with all of them, or with those that came when no more do. @throws Error when the channel was lost */
  async filled(): Promise<readonly ConsumeMessage[]> {
    await new Promise<void>((resolve) => {
      let timer = setTimeout(resolve, quietMs)
      this.#onChange = () => {
        clearTimeout(timer)
        if (this.#over || this.#messages.length >= this.size) resolve()
        else timer = setTimeout(resolve, quietMs)
      }
      this.#onChange()
    })
    if (this.#over)
      throw new DependencyUnavailable('broker', new Error('The broker closed the channel on the dead letters'))
    // An ack would make room for a message of the next window. A cancelled consumer of a quorum queue keeps what it has.
    await this.#channel.cancel(this.#consumerTag)
    return this.#messages.splice(0)
  }

  ack(message: ConsumeMessage): void {
    this.#channel.ack(message)
    this.#held -= 1
  }

  /** Messages that are neither acknowledged nor given back. */
  get held(): number {
    return this.#held
  }

  /** Gives back what was not acknowledged. */
  async close(): Promise<void> {
    if (!this.#over) await closeChannel(this.#channel)
  }

  #end(): void {
    this.#over = true
    this.#onChange()
  }
}
