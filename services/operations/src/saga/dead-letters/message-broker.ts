import {
  DependencyUnavailable,
  lookThrough,
  messageOf,
  type Publication,
  Publisher,
  type Visit,
  withHeartbeat,
} from '@order-saga/chassis'
import { type ChannelModel, connect } from 'amqplib'
import { quietLog } from '../quiet-log.ts'
import { NotDone } from '../result.ts'

const connectMs = 5_000

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
    try {
      const model = await connect(withHeartbeat(url), {
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

  /** As `lookThrough` of the chassis. @throws NotDone when the broker is lost meanwhile */
  async lookThrough(queue: string, visit: Visit): Promise<void> {
    const depth = await this.depth(queue)
    try {
      await lookThrough(this.#model, { queue, depth }, visit)
    } catch (error) {
      if (this.#closed) throw brokerTrouble('the connection was lost')
      throw error instanceof DependencyUnavailable ? new NotDone(`${messageOf(error)}; try again.`) : error
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
        reopen: () => Promise.resolve(),
      },
      quietLog,
    )
    await Promise.all(opened)
    return publisher
  }
}

/** One sentence that names the setting, or the hint given. */
export function brokerTrouble(reason: string, hint = ''): NotDone {
  return new NotDone(
    `The broker cannot be used: ${reason.replace(/\.$/, '')}${hint === '' ? '; check RABBITMQ_URL.' : hint}`,
  )
}
