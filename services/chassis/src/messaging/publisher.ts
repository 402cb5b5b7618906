import type { ChannelModel, ConfirmChannel, Options } from 'amqplib'
import type { Log } from '../runtime/log.ts'
import { messageOf } from '../runtime/errors.ts'
import { type Broker, brokerUnavailable } from './broker.ts'

export interface Publication {
  readonly exchange: string
  readonly routingKey: string
  readonly content: Buffer
  /** `messageId` must be set: a returned message is recognised by it. */
  readonly options: Options.Publish & { readonly messageId?: string }
}

/** Beyond it the outcome is unknown: the same message is published again later, under the same id. */
const confirmLimitMs = 5_000

/**
 * Publishes on a confirm channel with `mandatory`. `publish` resolves to `routed` only when the broker has confirmed the
 * message and not returned it; RabbitMQ sends a return before its confirm, so the set of returned ids is complete by then.
 */
export class Publisher {
  readonly #broker: Broker
  readonly #log: Log
  /** The channel in use; undefined while there is none, or while the last one is being closed. */
  #channel: ConfirmChannel | undefined
  #latest: ConfirmChannel | undefined
  #returned = new Set<string>()
  #drained: Promise<void> | undefined
  readonly #readyListeners: (() => void)[] = []

  constructor(broker: Broker, log: Log) {
    this.#broker = broker
    this.#log = log
    broker.onConnect((model) => this.#open(model))
  }

  get isAvailable(): boolean {
    return this.#channel !== undefined && !this.#broker.isBlocked
  }

  /** Called after each rebuilt channel. */
  onAvailable(listener: () => void): void {
    this.#readyListeners.push(listener)
  }

  /**
   * @returns `unroutable` when no queue is bound for it: the broker has dropped it
   * @throws DependencyUnavailable when the outcome is unknown or surely none
   */
  async publish(publication: Publication): Promise<'routed' | 'unroutable'> {
    // `publish` of amqplib returns false for a full socket buffer and takes the message all the same.
    if (this.#drained !== undefined) await this.#drained
    const channel = this.#channel
    if (channel === undefined) throw brokerUnavailable('no channel')
    if (this.#broker.isBlocked) throw brokerUnavailable('publishing is blocked by an alarm')
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(brokerUnavailable(`no confirm within ${confirmLimitMs} ms`))
        this.#replace(channel)
      }, confirmLimitMs)
      const confirmed = (error: unknown): void => {
        clearTimeout(timer)
        const returned = this.#returned.delete(publication.options.messageId ?? '')
        if (error !== null && error !== undefined) reject(brokerUnavailable(error))
        else resolve(returned ? 'unroutable' : 'routed')
      }
      try {
        const { exchange, routingKey, content, options } = publication
        if (!channel.publish(exchange, routingKey, content, { ...options, mandatory: true }, confirmed)) {
          this.#drained ??= new Promise((drained) => {
            const done = (): void => {
              this.#drained = undefined
              drained()
            }
            channel.once('drain', done)
            channel.once('close', done)
          })
        }
      } catch (error) {
        clearTimeout(timer)
        reject(brokerUnavailable(error))
      }
    })
  }

  async close(): Promise<void> {
    const channel = this.#channel
    this.#channel = undefined
    this.#latest = undefined
    await channel?.close().catch(() => undefined)
  }

  async #open(model: ChannelModel): Promise<void> {
    const channel = await model.createConfirmChannel()
    const returned = new Set<string>()
    channel.on('error', (error) => this.#log.warn({ reason: messageOf(error) }, 'publishing channel failed'))
    channel.on('return', (message) => returned.add(String(message.properties.messageId)))
    channel.on('close', () => {
      if (this.#channel === channel) this.#channel = undefined
      // The connection may be well and only the channel gone; if not, this fails and the next connect opens one.
      if (this.#latest === channel) this.#open(model).catch(() => undefined)
    })
    this.#returned = returned
    this.#latest = channel
    this.#channel = channel
    for (const listener of this.#readyListeners) listener()
  }

  /** Gives up a channel whose confirms do not come, so that a late one cannot be taken for that of a repetition. */
  #replace(channel: ConfirmChannel): void {
    if (this.#channel !== channel) return
    this.#channel = undefined
    channel.close().catch(() => undefined)
  }
}
