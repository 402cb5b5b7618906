import { type ChannelModel, type ConfirmChannel, IllegalOperationError, type Options } from 'amqplib'
import type { Log } from '../core/log.ts'
import { messageOf } from '../core/errors.ts'
import { type Broker, brokerUnavailable } from './broker.ts'
import { close } from './closing.ts'

export interface Publication {
  readonly exchange: string
  readonly routingKey: string
  readonly content: Buffer
  /** A returned message is recognised by its `messageId`, exchange and routing key. */
  readonly options: Options.Publish & { readonly messageId?: string }
}

/** Beyond it the outcome is unknown: the same message is published again later, under the same id. */
export const confirmLimitMs = 5_000

/** What a publisher needs of a connection. */
export type PublishingBroker = Pick<Broker, 'isBlocked' | 'onConnect' | 'rebuild'>

interface Session {
  readonly channel: ConfirmChannel
  /** How many messages of each kind were returned and are not confirmed yet. */
  readonly returned: Map<string, number>
  /** While the socket takes no more; `publish` of amqplib answers false then, and takes the message all the same. */
  drained: Promise<void> | undefined
}

/**
 * Publishes on a confirm channel with `mandatory`. `publish` resolves to `routed` only when the broker has confirmed the
 * message and not returned it; RabbitMQ sends a return before its confirm, so what is returned is known by then.
 */
export class Publisher {
  readonly #broker: PublishingBroker
  readonly #log: Log
  readonly #confirmLimitMs: number
  readonly #readyListeners: (() => void)[] = []
  /** Undefined while there is no channel, or while the last one is being given up. */
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

  /** Called after each rebuilt channel. */
  onAvailable(listener: () => void): void {
    this.#readyListeners.push(listener)
  }

  /**
   * @returns `unroutable` when no queue is bound for it: the broker has dropped it
   * @throws DependencyUnavailable when the outcome is unknown or surely none; any other error tells that this message
   * can never be published, for AMQP has no form for it
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
        this.#giveUp(session)
      }, this.#confirmLimitMs)
      const confirmed = (error: unknown): void => {
        clearTimeout(timer)
        const wasReturned =
          session.returned.size > 0 && takeOne(session.returned, kindOf(exchange, routingKey, options.messageId))
        if (error !== null && error !== undefined) reject(brokerUnavailable(error))
        else resolve(wasReturned ? 'unroutable' : 'routed')
      }
      try {
        if (!session.channel.publish(exchange, routingKey, content, { ...options, mandatory: true }, confirmed)) {
          session.drained ??= drain(session)
        }
      } catch (error) {
        clearTimeout(timer)
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
    const session: Session = { channel, returned: new Map(), drained: undefined }
    channel.on('error', (error) => this.#log.warn({ reason: messageOf(error) }, 'publishing channel failed'))
    channel.on('return', ({ fields, properties }) => {
      const kind = kindOf(fields.exchange, fields.routingKey, properties.messageId as string | undefined)
      session.returned.set(kind, (session.returned.get(kind) ?? 0) + 1)
    })
    channel.on('close', () => {
      if (this.#session === session) this.#session = undefined
      if (!this.#closed) void this.#broker.rebuild(model, (again) => this.#open(again))
    })
    this.#session = session
    for (const listener of this.#readyListeners) listener()
  }

  /** Gives up a channel whose confirms do not come, so that a late one cannot be taken for that of a repetition. */
  #giveUp(session: Session): void {
    if (this.#session !== session) return
    this.#session = undefined
    void close(session.channel)
  }
}

/** The same event may be on its way to several places at once. */
function kindOf(exchange: string, routingKey: string, messageId: string | undefined): string {
  return `${messageId ?? ''}\n${exchange}\n${routingKey}`
}

function takeOne(counts: Map<string, number>, kind: string): boolean {
  const count = counts.get(kind)
  if (count === undefined) return false
  if (count === 1) counts.delete(kind)
  else counts.set(kind, count - 1)
  return true
}

function drain(session: Session): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      session.drained = undefined
      session.channel.off('drain', done).off('close', done)
      resolve()
    }
    session.channel.on('drain', done).on('close', done)
  })
}
