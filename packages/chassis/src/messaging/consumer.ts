import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { EventType } from '@order-saga/contracts'
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'
import { DependencyUnavailable, DiversionRequired, messageOf, PoisonMessage } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { ChassisMetrics } from '../core/metrics.ts'
import { traceIdOf, type Tracing, tracingOff } from '../core/tracing.ts'
import { type Broker, brokerUnavailable } from './broker.ts'
import { close, within } from './close.ts'
import { attemptOf, decode, headersOf, headersToSendOn, type Message, nameOf, propertiesToSendOn } from './message.ts'
import type { Publisher } from './publisher.ts'
import { AckTracker } from './ack-tracker.ts'
import { handlingSpan } from './spans.ts'
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
   * `PoisonMessage` dead-letters it, `DependencyUnavailable` holds it and tries again, `DiversionRequired` moves it to another queue,
   * anything else is an attempt that failed. Must stop waiting, with `DependencyUnavailable`, when the signal is aborted:
   * the delivery can no longer be settled, or has been held for too long.
   */
  readonly react: (message: Message, signal: AbortSignal) => Promise<'processed' | 'duplicate'>
}

export interface ConsumerDependencies {
  readonly broker: Broker
  readonly publisher: Publisher
  readonly log: Log
  readonly metrics: ChassisMetrics
  readonly tracing?: Tracing
  readonly now?: () => Date
  /** How long a delivery may be held before its channel is given back; 15 min by default. */
  readonly holdLimitMs?: number
}

/**
 * Half of RabbitMQ's `consumer_timeout`, beyond which it closes the channel on the consumer. No less, because each
 * return counts towards the queue's delivery limit: at 15 min it is reached after a day without the database.
 */
const defaultHoldLimitMs = 15 * 60_000
/**
 * How long an ack waits for others. The broker writes each one into the log of the queue, so that one for fifty costs it
 * little more than one for one; nobody waits for an ack, and what a crash loses of them comes again and is known.
 */
const ackDelayMs = 10
/** Between two tries of what a dependency in trouble held up. */
const retryHeldMs = 100

const results = ['processed', 'duplicate', 'retried', 'dead_lettered'] as const
type Result = (typeof results)[number]

/** A channel and the deliveries it brought. Deliveries of a channel that is gone can no longer be settled. */
interface Session {
  readonly channel: Channel
  readonly consumerTag: string
  readonly acks: AckTracker
  readonly running: Set<Promise<void>>
  /** Aborted when nothing of it may wait any longer. */
  readonly over: AbortController
  open: boolean
  ackTimer: NodeJS.Timeout | undefined
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
  #session: Session | undefined
  #stopping = false

  constructor(subscription: Subscription, dependencies: ConsumerDependencies) {
    this.#subscription = subscription
    this.#dependencies = dependencies
    this.#events = new Map(subscription.events.map((event) => [event.name, event]))
    this.#countFromZero()
    dependencies.broker.onConnect((model) => this.#subscribe(model))
  }

  /** A counter that appears with its first delivery hides that one from `rate()`. */
  #countFromZero(): void {
    const { queue } = this.#subscription
    const { consumed, redelivered } = this.#dependencies.metrics
    redelivered.inc({ queue }, 0)
    consumed.inc({ queue, event: 'unknown', result: 'dead_lettered' }, 0)
    for (const event of this.#events.keys()) for (const result of results) consumed.inc({ queue, event, result }, 0)
  }

  /** Deliveries taken and not yet settled. */
  get unsettled(): number {
    return this.#session?.acks.unsettled ?? 0
  }

  get isConsuming(): boolean {
    return this.#session?.open ?? false
  }

  /**
   * Takes nothing new, lets what is running come to its end, settles it. What is only waiting for a dependency is given
   * up and goes back to the queue with the channel.
   */
  async drain(): Promise<void> {
    this.#stopping = true
    const session = this.#session
    if (session === undefined || !session.open) return
    await within(session.channel.cancel(session.consumerTag).catch(() => undefined))
    session.over.abort(new DependencyUnavailable('this process', 'it is stopping'))
    while (session.running.size > 0) await Promise.allSettled(session.running)
    this.#sendAcks(session)
    await close(session.channel)
  }

  async #subscribe(model: ChannelModel): Promise<void> {
    if (this.#stopping) return
    const { log, broker } = this.#dependencies
    const { prefetch, queue, from = queue } = this.#subscription
    const channel = await model.createChannel()
    const session: Session = {
      channel,
      consumerTag: `${from}-${Math.random().toString(36).slice(2)}`,
      acks: new AckTracker(),
      running: new Set(),
      over: new AbortController(),
      open: true,
      ackTimer: undefined,
    }
    // Every delivery that is held listens to it.
    setMaxListeners(0, session.over.signal)
    const watch = this.#watch(session)
    channel.on('error', (error) => log.warn({ queue: from, reason: messageOf(error) }, 'consuming channel failed'))
    channel.on('close', () => {
      session.open = false
      clearInterval(watch)
      session.over.abort(brokerUnavailable('the channel is gone'))
      if (!this.#stopping) void broker.rebuild(model, (again) => this.#subscribe(again))
    })
    this.#session = session
    await channel.prefetch(prefetch)
    await channel.consume(
      from,
      (delivery) => {
        // null: the broker cancelled the consumer, because its queue was deleted or moved.
        if (delivery === null) void close(channel)
        else this.#take(session, delivery)
      },
      { consumerTag: session.consumerTag },
    )
  }

  /** Gives the channel back when a delivery is held too long: all that is unsettled returns to the queue, without a nack. */
  #watch(session: Session): NodeJS.Timeout {
    const { log, holdLimitMs = defaultHoldLimitMs } = this.#dependencies
    const look = (): void => {
      const heldMs = this.#now().getTime() - (session.acks.oldestAt ?? Number.POSITIVE_INFINITY)
      if (heldMs < holdLimitMs || !session.open) return
      const { unsettled } = session.acks
      log.warn({ queue: this.#subscription.queue, heldMs, unsettled }, 'held for too long, giving the deliveries back')
      void close(session.channel)
    }
    return setInterval(look, holdLimitMs / 10).unref()
  }

  /** Must not throw: amqplib would close the channel on it. */
  #take(session: Session, delivery: ConsumeMessage): void {
    const { deliveryTag } = delivery.fields
    const arrived = this.#now().getTime()
    session.acks.delivered(deliveryTag, arrived)
    const { metrics } = this.#dependencies
    if (delivery.fields.redelivered) metrics.redelivered.inc({ queue: this.#subscription.queue })
    const run = this.#handle(session, delivery, arrived)
      .then((settled) => (settled ? this.#settle(session, deliveryTag) : undefined))
      .catch((error: unknown) => {
        this.#dependencies.log.error({ reason: messageOf(error) }, 'a delivery was left to the broker')
      })
      .finally(() => session.running.delete(run))
    session.running.add(run)
  }

  /** @returns false when the delivery could not be brought to an end here and stays with the broker */
  async #handle(session: Session, delivery: ConsumeMessage, arrived: number): Promise<boolean> {
    let message: Message | undefined
    try {
      const decoded = decode(delivery, this.#events)
      message = decoded
      const result = await this.#traced(decoded, arrived, (traced) =>
        this.#hold(session, () => this.#subscription.react(traced, session.over.signal)),
      )
      if (result !== undefined) this.#count(decoded.name, result, arrived, decoded.timestamp)
      return result !== undefined
    } catch (error) {
      const moved = await this.#hold(session, async () => {
        if (error instanceof DiversionRequired) await this.#move(delivery, error.queue, {})
        else await this.#fail(delivery, message, error, arrived)
        return true
      })
      return moved ?? false
    }
  }

  /** Does the work with the message as a part of the trace, so that what it causes belongs to this handling. */
  async #traced(
    message: Message,
    arrived: number,
    work: (message: Message) => Promise<'processed' | 'duplicate' | undefined>,
  ): Promise<'processed' | 'duplicate' | undefined> {
    const { tracing = tracingOff } = this.#dependencies
    if (!tracing.isOn) return await work(message)
    const { queue, from = queue } = this.#subscription
    const span = handlingSpan(tracing, message, from, arrived)
    try {
      const result = await work({ ...message, traceparent: span.traceparent })
      span.end({ attributes: { 'order_saga.result': result ?? 'given_back' } })
      return result
    } catch (error) {
      // Moved to another queue of the same service: no failure, and handled from there.
      span.end(
        error instanceof DiversionRequired ? { attributes: { 'order_saga.result': 'diverted' } } : { failure: error },
      )
      throw error
    }
  }

  /**
   * Does the work again while something it depends on is in trouble; the delivery is held that long.
   * @returns undefined when it may not be held any longer
   */
  async #hold<T>(session: Session, work: () => Promise<T>): Promise<T | undefined> {
    const { signal } = session.over
    while (session.open) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof DependencyUnavailable)) throw error
        if (signal.aborted) return undefined
        await delay(retryHeldMs, undefined, { signal }).catch(() => undefined)
      }
    }
    return undefined
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
      traceId: traceIdOf(message?.traceparent),
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
    const headers = { ...headersToSendOn(delivery), ...more }
    const outcome = await this.#dependencies.publisher.publish({
      exchange: '',
      routingKey: queue,
      content: delivery.content,
      options: propertiesToSendOn(delivery, nameOf(delivery), headers),
    })
    if (outcome === 'unroutable') throw new DependencyUnavailable('broker', `queue ${queue} does not exist`)
  }

  #settle(session: Session, tag: number): void {
    session.acks.settled(tag)
    // Half of what the broker gives out is settled: it has little left to go on with.
    if (session.acks.toAck * 2 >= this.#subscription.prefetch) this.#sendAcks(session)
    else session.ackTimer ??= setTimeout(() => this.#sendAcks(session), ackDelayMs)
  }

  #sendAcks(session: Session): void {
    clearTimeout(session.ackTimer)
    session.ackTimer = undefined
    if (!session.open) return
    try {
      for (const { tag, multiple } of session.acks.take()) {
        session.channel.ack({ fields: { deliveryTag: tag } } as ConsumeMessage, multiple)
      }
    } catch {
      // The channel went down between the check and the ack: the broker delivers again, and the inbox knows the events.
      session.open = false
    }
  }

  #count(event: string, result: Result, arrived: number, timestamp?: Date): void {
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
}
