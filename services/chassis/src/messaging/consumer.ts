import type { EventType } from '@order-saga/contracts'
import type { Channel, ChannelModel, ConsumeMessage, Options } from 'amqplib'
import { DependencyUnavailable, Divert, messageOf, PoisonMessage } from '../runtime/errors.ts'
import type { Log } from '../runtime/log.ts'
import type { ChassisMetrics } from '../runtime/metrics.ts'
import type { Broker } from './broker.ts'
import { attemptOf, decode, headersOf, type Message, nameOf } from './message.ts'
import type { Publisher } from './publisher.ts'
import { Settlements } from './settlements.ts'
import { deadLetterQueue, retryQueue } from './topology.ts'

export interface Subscription {
  /** The queue whose retry and dead-letter queues the messages use; also the label of the metrics. */
  readonly queue: string
  /** The queue consumed from, when it is another one: a lane of `queue`. */
  readonly from?: string
  /** How many deliveries may be unsettled at once. */
  readonly prefetch: number
  readonly retryDelaysMs: readonly number[]
  readonly events: readonly EventType[]
  /**
   * Resolves when the effect is durable; the delivery is then acknowledged.
   * `PoisonMessage` dead-letters it, `DependencyUnavailable` holds it and tries again, `Divert` moves it to another queue,
   * anything else is an attempt that failed. Must stop waiting when the signal is aborted.
   */
  readonly react: (message: Message, signal: AbortSignal) => Promise<'processed' | 'duplicate'>
}

export interface ConsumerDependencies {
  readonly broker: Broker
  readonly publisher: Publisher
  readonly log: Log
  readonly metrics: ChassisMetrics
  readonly now?: () => Date
  /**
   * How long a delivery may be held before its channel is given back. Well below RabbitMQ's `consumer_timeout`, which is
   * 30 minutes by default and closes the channel on the consumer.
   */
  readonly holdLimitMs?: number
}

const resubscribeMs = 500

/** A channel and the deliveries it brought. Deliveries of a channel that is gone can no longer be settled. */
interface Session {
  readonly channel: Channel
  readonly consumerTag: string
  readonly settlements: Settlements
  readonly running: Set<Promise<void>>
  open: boolean
  ackScheduled: boolean
}

/**
 * Consumes one queue and brings each delivery to exactly one of its ends: ack, retry, dead letter. Retries and dead
 * letters are published and confirmed first and acknowledged afterwards, so a crash between the two repeats a message
 * and never loses one. The channel and the consumer are rebuilt after any loss.
 */
export class Consumer {
  readonly #subscription: Subscription
  readonly #dependencies: ConsumerDependencies
  readonly #events: ReadonlyMap<string, EventType>
  readonly #stop = new AbortController()
  #session: Session | undefined

  constructor(subscription: Subscription, dependencies: ConsumerDependencies) {
    this.#subscription = subscription
    this.#dependencies = dependencies
    this.#events = new Map(subscription.events.map((event) => [event.name, event]))
    dependencies.broker.onConnect((model) => this.#subscribe(model))
  }

  /** Deliveries taken and not yet settled. */
  get unsettled(): number {
    return this.#session?.settlements.unsettled ?? 0
  }

  get isConsuming(): boolean {
    return this.#session?.open ?? false
  }

  /**
   * Takes nothing new, lets what is running come to its end, settles it. What is only waiting for a dependency is given
   * up and goes back to the queue with the channel.
   */
  async drain(): Promise<void> {
    const session = this.#session
    this.#stop.abort(new DependencyUnavailable('this process', 'it is stopping'))
    if (session === undefined || !session.open) return
    await session.channel.cancel(session.consumerTag).catch(() => undefined)
    while (session.running.size > 0) await Promise.allSettled(session.running)
    this.#sendAcks(session)
    await session.channel.close().catch(() => undefined)
  }

  async #subscribe(model: ChannelModel): Promise<void> {
    if (this.#stop.signal.aborted) return
    const { log } = this.#dependencies
    const { prefetch, queue, from = queue } = this.#subscription
    const channel = await model.createChannel()
    const consumerTag = `${from}-${Math.random().toString(36).slice(2)}`
    const session: Session = {
      channel,
      consumerTag,
      settlements: new Settlements(),
      running: new Set(),
      open: true,
      ackScheduled: false,
    }
    channel.on('error', (error) => log.warn({ queue: from, reason: messageOf(error) }, 'consuming channel failed'))
    channel.on('close', () => {
      session.open = false
      if (this.#session === session) this.#resubscribe(model)
    })
    this.#session = session
    await channel.prefetch(prefetch)
    await channel.consume(
      from,
      (delivery) => {
        // null: the broker cancelled the consumer, because its queue was deleted or moved.
        if (delivery === null) channel.close().catch(() => undefined)
        else this.#take(session, delivery)
      },
      { consumerTag },
    )
  }

  #resubscribe(model: ChannelModel): void {
    if (this.#stop.signal.aborted) return
    setTimeout(() => {
      this.#subscribe(model).catch((error: unknown) => {
        this.#dependencies.log.warn({ queue: this.#subscription.queue, reason: messageOf(error) }, 'could not consume')
      })
    }, resubscribeMs).unref()
  }

  /** Must not throw: amqplib would close the channel on it. */
  #take(session: Session, delivery: ConsumeMessage): void {
    session.settlements.delivered(delivery.fields.deliveryTag, this.#now().getTime())
    const run = this.#handle(session, delivery)
      .then((settled) => {
        if (settled) this.#settle(session, delivery.fields.deliveryTag)
      })
      .catch((error: unknown) => {
        this.#dependencies.log.error({ reason: messageOf(error) }, 'a delivery was left to the broker')
      })
      .finally(() => session.running.delete(run))
    session.running.add(run)
  }

  /** @returns false when the delivery could not be brought to an end here and stays with the broker */
  async #handle(session: Session, delivery: ConsumeMessage): Promise<boolean> {
    const arrived = this.#now().getTime()
    const heldUntil = arrived + (this.#dependencies.holdLimitMs ?? 300_000)
    let message: Message | undefined
    for (;;) {
      try {
        message ??= decode(delivery, this.#events)
        const result = await this.#subscription.react(message, this.#stop.signal)
        this.#count(message.name, result, arrived, message.timestamp)
        return true
      } catch (error) {
        if (!session.open) return false
        try {
          if (error instanceof DependencyUnavailable) {
            if (this.#stop.signal.aborted) return false
            if (this.#now().getTime() >= heldUntil) return this.#giveBack(session)
            await this.#pause(100)
            continue
          }
          if (error instanceof Divert) await this.#move(delivery, error.queue, {})
          else await this.#fail(delivery, message, error, arrived)
          return true
        } catch (unpublished) {
          // The retry or dead letter could not be published: hold the delivery until the broker takes messages again.
          if (this.#stop.signal.aborted || !session.open) return false
          if (!(unpublished instanceof DependencyUnavailable)) throw unpublished
          await this.#pause(250)
        }
      }
    }
  }

  async #fail(delivery: ConsumeMessage, message: Message | undefined, error: unknown, arrived: number): Promise<void> {
    const { queue, retryDelaysMs } = this.#subscription
    const { log } = this.#dependencies
    const headers = headersOf(delivery)
    const attempt = attemptOf(headers)
    const reason = messageOf(error).slice(0, 500)
    const delayMs = error instanceof PoisonMessage ? undefined : retryDelaysMs[attempt - 1]
    const firstFailure = headers['first-failure'] ?? this.#now().toISOString()
    const event = message?.name ?? (this.#events.has(nameOf(delivery)) ? nameOf(delivery) : 'unknown')
    const about = {
      queue,
      event,
      attempt,
      reason,
      eventId: message?.eventId,
      sagaId: message?.sagaId,
      orderId: message?.orderId,
    }
    if (delayMs === undefined) {
      const died = {
        reason,
        queue,
        attempt,
        'first-failure': firstFailure,
        'dead-lettered-at': this.#now().toISOString(),
      }
      await this.#move(delivery, deadLetterQueue(queue), died)
      this.#count(event, 'dead_lettered', arrived)
      log.error(about, 'dead-lettered')
    } else {
      await this.#move(delivery, retryQueue(queue, delayMs), {
        reason,
        attempt: attempt + 1,
        'first-failure': firstFailure,
      })
      this.#count(event, 'retried', arrived)
      log.warn({ ...about, delayMs }, 'will be tried again')
    }
  }

  /** Publishes the delivery as it is to another queue and waits for the confirm. */
  async #move(delivery: ConsumeMessage, queue: string, more: Record<string, unknown>): Promise<void> {
    const { properties } = delivery
    // What RabbitMQ counted on the way here is not ours to send on.
    const { 'x-death': _death, 'x-delivery-count': _count, ...headers } = headersOf(delivery)
    const options: Options.Publish & { messageId?: string } = {
      messageId: properties.messageId as string | undefined,
      correlationId: properties.correlationId as string | undefined,
      type: nameOf(delivery),
      contentType: properties.contentType as string | undefined,
      timestamp: properties.timestamp as number | undefined,
      persistent: true,
      headers: { ...headers, ...more },
    }
    const outcome = await this.#dependencies.publisher.publish({
      exchange: '',
      routingKey: queue,
      content: delivery.content,
      options,
    })
    if (outcome === 'unroutable') throw new DependencyUnavailable('broker', `queue ${queue} does not exist`)
  }

  #settle(session: Session, tag: number): void {
    session.settlements.settled(tag)
    if (session.ackScheduled) return
    session.ackScheduled = true
    // Everything that was settled by the same commit is acknowledged together.
    setImmediate(() => {
      session.ackScheduled = false
      this.#sendAcks(session)
    })
  }

  #sendAcks(session: Session): void {
    if (!session.open) return
    try {
      for (const { tag, multiple } of session.settlements.take()) {
        session.channel.ack({ fields: { deliveryTag: tag } } as ConsumeMessage, multiple)
      }
    } catch {
      // The channel went down between the check and the ack: the broker delivers again, and the inbox knows the events.
      session.open = false
    }
  }

  /** Closing the channel returns everything unsettled to the queue, without an attempt or a nack. */
  #giveBack(session: Session): false {
    this.#dependencies.log.warn({ queue: this.#subscription.queue }, 'held for too long, giving the deliveries back')
    if (session.open) session.channel.close().catch(() => undefined)
    return false
  }

  #count(event: string, result: string, arrived: number, timestamp?: Date): void {
    const { metrics } = this.#dependencies
    const { queue } = this.#subscription
    const now = this.#now().getTime()
    metrics.consumed.inc({ queue, event, result })
    metrics.handling.observe({ queue, event }, (now - arrived) / 1000)
    if (result === 'processed' && timestamp !== undefined) {
      metrics.delivery.observe({ queue, event }, Math.max(0, now - timestamp.getTime()) / 1000)
    }
  }

  #now(): Date {
    return this.#dependencies.now?.() ?? new Date()
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#stop
    await new Promise<void>((resolve) => {
      if (signal.aborted) return resolve()
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done)
    })
  }
}
