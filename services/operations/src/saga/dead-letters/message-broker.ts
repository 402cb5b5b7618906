import { messageOf, type Publication, Publisher } from '@order-saga/chassis'
import { type Channel, type ChannelModel, connect, type ConsumeMessage } from 'amqplib'
import { quietLog } from '../quiet-log.ts'
import { NotDone } from '../result.ts'

const connectMs = 5_000
const heartbeatSeconds = 10
/** Messages one channel holds at most. With 2,047 channels to a connection, a million dead letters can be looked through. */
const windowSize = 500
/** A message that was counted and does not come within this time was taken by somebody else. */
const quietMs = 2_000

/** What is done with the messages of one window; those that are not acknowledged go back. */
export type Visit = (
  messages: readonly ConsumeMessage[],
  ack: (message: ConsumeMessage) => void,
) => Promise<'go on' | 'stop'>

/** A connection for operators: looks through a queue without changing it, takes single messages out, puts some elsewhere. */
export class MessageBroker {
  readonly #model: ChannelModel
  #publishing: Promise<Publisher> | undefined
  #blocked = false
  #closed = false

  private constructor(model: ChannelModel) {
    this.#model = model
  }

  /** @throws NotDone naming RABBITMQ_URL */
  static async connect(url: string): Promise<MessageBroker> {
    const parsed = new URL(url)
    if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(heartbeatSeconds))
    try {
      const model = await connect(parsed.toString(), {
        timeout: connectMs,
        clientProperties: { connection_name: 'order-saga saga' },
      })
      const broker = new MessageBroker(model)
      // What was under way on it fails by itself.
      model.on('error', () => undefined).on('close', () => (broker.#closed = true))
      model.on('blocked', () => (broker.#blocked = true)).on('unblocked', () => (broker.#blocked = false))
      return broker
    } catch (error) {
      throw brokerTrouble(messageOf(error))
    }
  }

  /**
   * Shows every message that is in the queue now, in its order, a window at a time. Whatever happens, this process being
   * killed included, what was not acknowledged is in the queue afterwards, and in its old order as long as this comes to
   * its end. Meanwhile the broker shows the messages as unacknowledged and gives them to nobody else.
   *
   * A quorum queue returns the messages of a lost consumer in their order, and behind all that were returned before. So
   * each window is the one consumer of a channel of its own, the channels are closed in the order of the windows, and
   * even when `visit` has seen enough the rest of the queue is held too: what is left in it would come to stand in front.
   * A `basic.get` counts as a consumer of its own, and of many consumers that are lost together, the order is none;
   * neither is it that of a multiple `nack`.
   */
  async lookThrough(queue: string, visit: Visit): Promise<void> {
    const windows: Window[] = []
    let enough = false
    try {
      for (let left = await this.depth(queue); left > 0;) {
        const window = await Window.open(this.#model, queue, Math.min(left, windowSize))
        windows.push(window)
        const messages = await window.filled()
        if (!enough) enough = (await visit(messages, (message) => window.ack(message))) === 'stop'
        left -= messages.length
        if (messages.length < window.size) break
      }
    } catch (error) {
      throw this.#closed ? brokerTrouble('the connection was lost') : error
    } finally {
      for (const window of windows) await window.close()
    }
  }

  /** Messages that are ready. @throws NotDone when there is no such queue */
  async depth(queue: string): Promise<number> {
    const channel = await this.#model.createChannel()
    channel.on('error', () => undefined)
    try {
      const { messageCount } = await channel.checkQueue(queue)
      await channel.close()
      return messageCount
    } catch (error) {
      throw brokerTrouble(messageOf(error), `; has the system been started, and is the queue's name right?`)
    }
  }

  /**
   * Puts a message into a queue and resolves when the broker has confirmed that it has it.
   * @throws Error when it has not, or may not have
   */
  async put(queue: string, content: Buffer, options: Publication['options']): Promise<void> {
    const publisher = await (this.#publishing ??= this.#openPublisher())
    const outcome = await publisher.publish({ exchange: '', routingKey: queue, content, options })
    if (outcome === 'unroutable') throw new Error(`there is no queue ${queue}`)
  }

  async close(): Promise<void> {
    if (!this.#closed) await this.#model.close().catch(() => undefined)
  }

  /** This connection is not made again, and neither is its channel: a publish then fails. */
  async #openPublisher(): Promise<Publisher> {
    const isBlocked = (): boolean => this.#blocked
    const opened: Promise<void>[] = []
    const publisher = new Publisher(
      {
        get isBlocked() {
          return isBlocked()
        },
        onConnect: (open) => void opened.push(open(this.#model)),
        rebuild: () => Promise.resolve(),
      },
      quietLog,
    )
    await Promise.all(opened)
    return publisher
  }
}

/** Some messages at the head of a queue, held by one consumer on a channel of its own. */
class Window {
  readonly size: number
  readonly #channel: Channel
  readonly #messages: ConsumeMessage[] = []
  #onChange: () => void = () => undefined
  #over = false
  #consumerTag = ''

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
    if (this.#over) throw new NotDone('The broker closed the channel on the dead letters; try again.')
    // An ack would make room for a message of the next window. A cancelled consumer of a quorum queue keeps what it has.
    await this.#channel.cancel(this.#consumerTag)
    return this.#messages.splice(0)
  }

  ack(message: ConsumeMessage): void {
    this.#channel.ack(message)
  }

  /** Gives back what was not acknowledged. */
  async close(): Promise<void> {
    if (!this.#over) await this.#channel.close().catch(() => undefined)
  }

  #end(): void {
    this.#over = true
    this.#onChange()
  }
}

/** One sentence that names the setting, or the hint given. */
export function brokerTrouble(reason: string, hint = ''): NotDone {
  return new NotDone(
    `The broker cannot be used: ${reason.replace(/\.$/, '')}${hint === '' ? '; check RABBITMQ_URL.' : hint}`,
  )
}
