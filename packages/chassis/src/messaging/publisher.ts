import { type ChannelModel, type ConfirmChannel, IllegalOperationError, type Options } from 'amqplib'
import type { Log } from '../core/log.ts'
import { messageOf } from '../core/errors.ts'
import { type Broker, brokerUnavailable } from './broker.ts'
import { close } from './close.ts'

export interface Publication {
  readonly exchange: string
  readonly routingKey: string
  readonly content: Buffer
  /** A returned message is recognised by its `messageId`, exchange and routing key. */
  readonly options: Options.Publish & { readonly messageId?: string }
}

/** After it the outcome is unknown: the caller publishes the same message again later, under the same id. Chosen. */
export const confirmLimitMs = 5_000

/** The only reason for which the broker refuses a message of ours with this code is its size (RabbitMQ, `max_message_size`). */
const preconditionFailed = 406

export type PublishingBroker = Pick<Broker, 'isBlocked' | 'onConnect' | 'reopen'>

interface Session {
  readonly channel: ConfirmChannel
  /** Number of returned messages without a confirm yet, by `returnKey`. */
  readonly returned: Map<string, number>
  readonly unconfirmed: Set<Publication>
  /** The publication for which the broker closed the channel. */
  refused: Publication | undefined
  /** Set while the socket's buffer is full; amqplib's `publish` then returns false but accepts the message. */
  drained: Promise<void> | undefined
}

/**
 * Publishes on a confirm channel with `mandatory`. `publish` resolves to `routed` only when the broker has confirmed the
 * message and not returned it; RabbitMQ sends `basic.return` before the confirm ("Consumer Acknowledgements and Publisher
 * Confirms").
 */
export class Publisher {
  readonly #broker: PublishingBroker
  readonly #log: Log
  readonly #confirmLimitMs: number
  readonly #readyListeners: (() => void)[] = []
  /** Undefined while no channel is open, and after a confirm timeout. */
  #session: Session | undefined
  #closed = false

  constructor(broker: PublishingBroker, log: Log, limitMs = confirmLimitMs) {
    this.#broker = broker
    this.#log = log
    this.#confirmLimitMs = limitMs
    broker.onConnect((model) => this.#open(model))
  }

  get isAvailable(): boolean {
    return this.#session !== undefined && !this.#broker.isBlocked
  }

  /** Called whenever a channel has been opened. */
  onAvailable(listener: () => void): void {
    this.#readyListeners.push(listener)
  }

  /**
   * @returns `unroutable` when no queue is bound for it: the broker has dropped it
   * @throws DependencyUnavailable when the outcome is unknown or the message was not sent; any other error means that
   * AMQP cannot encode this message, or that the broker refuses it
   */
  async publish(publication: Publication): Promise<'routed' | 'unroutable'> {
    await this.#session?.drained
    const session = this.#session
    if (session === undefined) throw brokerUnavailable('no channel')
    if (this.#broker.isBlocked) throw brokerUnavailable('publishing is blocked by an alarm')
    const { exchange, routingKey, content, options } = publication
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(brokerUnavailable(`no confirm within ${this.#confirmLimitMs} ms`))
        this.#discard(session)
      }, this.#confirmLimitMs)
      const onConfirm = (error: unknown): void => {
        clearTimeout(timer)
        session.unconfirmed.delete(publication)
        const wasReturned =
          session.returned.size > 0 && removeOne(session.returned, returnKey(exchange, routingKey, options.messageId))
        if (session.refused === publication) reject(new Error('the broker refuses the message'))
        else if (error !== null && error !== undefined) reject(brokerUnavailable(error))
        else resolve(wasReturned ? 'unroutable' : 'routed')
      }
      session.unconfirmed.add(publication)
      try {
        if (!session.channel.publish(exchange, routingKey, content, { ...options, mandatory: true }, onConfirm)) {
          session.drained ??= untilDrained(session)
        }
      } catch (error) {
        clearTimeout(timer)
        session.unconfirmed.delete(publication)
        reject(error instanceof IllegalOperationError ? brokerUnavailable(error) : (error as Error))
      }
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    const session = this.#session
    this.#session = undefined
    if (session !== undefined) await close(session.channel)
  }

  async #open(model: ChannelModel): Promise<void> {
    if (this.#closed) return
    const channel = await model.createConfirmChannel()
    const session: Session = {
      channel,
      returned: new Map(),
      unconfirmed: new Set(),
      refused: undefined,
      drained: undefined,
    }
    channel.on('error', (error: Error & { readonly code?: number }) => {
      this.#log.warn({ reason: messageOf(error) }, 'publishing channel failed')
      if (error.code === preconditionFailed) session.refused = largestOf(session.unconfirmed)
    })
    channel.on('return', ({ fields, properties }) => {
      const key = returnKey(fields.exchange, fields.routingKey, properties.messageId as string | undefined)
      session.returned.set(key, (session.returned.get(key) ?? 0) + 1)
    })
    channel.on('close', () => {
      if (this.#session === session) this.#session = undefined
      if (!this.#closed) void this.#broker.reopen(model, (connected) => this.#open(connected))
    })
    this.#session = session
    for (const listener of this.#readyListeners) listener()
  }

  /** Closes a channel after a confirm timeout, so that a late confirm is not attributed to the next publish. */
  #discard(session: Session): void {
    if (this.#session !== session) return
    this.#session = undefined
    void close(session.channel)
  }
}

/** The same message id may be in flight to several exchanges or queues. */
function returnKey(exchange: string, routingKey: string, messageId: string | undefined): string {
  return `${messageId ?? ''}\n${exchange}\n${routingKey}`
}

function removeOne(counts: Map<string, number>, key: string): boolean {
  const count = counts.get(key)
  if (count === undefined) return false
  if (count === 1) counts.delete(key)
  else counts.set(key, count - 1)
  return true
}

function untilDrained(session: Session): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      session.drained = undefined
      session.channel.off('drain', done).off('close', done)
      resolve()
    }
    session.channel.on('drain', done).on('close', done)
  })
}

function largestOf(publications: Iterable<Publication>): Publication | undefined {
  let largest: Publication | undefined
  for (const one of publications) {
    if (one.content.byteLength > (largest?.content.byteLength ?? -1)) largest = one
  }
  return largest
}
