import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { deadLetterQueue, type EventType, instantOf, ownExchange, retryQueue } from '@order-saga/contracts'
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'
import {
  DependencyUnavailable,
  DiversionRequired,
  ForgedMessage,
  messageOf,
  PoisonMessage,
  UnreadableVersion,
} from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { ChassisMetrics } from '../core/metrics.ts'
import { traceIdOf, type Tracing, tracingOff } from '../core/tracing.ts'
import { type Broker, brokerUnavailable } from './broker.ts'
import { close, within } from './close.ts'
import { withoutSecrets } from '../core/without-secrets.ts'
import { failureHeader } from './failure-header.ts'
import { cutToBytes, forward, type Forwarding, retriedAtHeader } from './forwarding.ts'
import { attemptOf, decode, headersOf, type Message } from './message.ts'
import { arrivalOf, forgeryKinds, type Provenance, provenanceOf, refuseForgery } from './provenance.ts'
import type { Publication, Publisher } from './publisher.ts'
import { AckTracker } from './ack-tracker.ts'
import { startHandlingSpan } from './spans.ts'

export interface Subscription {
  /** The main queue: its retry and dead-letter queues are used; also the label of the metrics. */
  readonly queue: string
  /** The consumed queue if it differs: a secondary queue of `queue`. */
  readonly from?: string
  /** Maximum number of unsettled deliveries. */
  readonly prefetch: number
  readonly retryDelaysMs: readonly number[]
  readonly events: readonly EventType[]
  /**
   * Resolves when the effect is durable; the delivery is then acknowledged. `PoisonMessage` dead-letters it,
   * `DependencyUnavailable` retains it unacknowledged and retries, `DiversionRequired` moves it to a secondary queue, any
   * other error is a failed attempt. When the signal is aborted, it must reject with `DependencyUnavailable`: the delivery
   * can no longer be settled, or has been retained for too long.
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
  /** How long a delivery may be retained before its channel is closed; 15 min by default. */
  readonly retentionLimitMs?: number
}

/**
 * Half of RabbitMQ's `consumer_timeout`, after which it closes the channel. No less, because each requeue counts towards
 * the queue's delivery limit: at 15 min it is reached after a day without the database.
 */
const defaultRetentionLimitMs = 15 * 60_000
/**
 * How long an ack waits for others. The broker writes each ack to the log of the queue, so one ack for fifty deliveries
 * costs little more than one for one. After a crash the broker redelivers, and the inbox ignores the duplicates
 * (docs/decisions/0015).
 */
export const ackDelayMs = 50
/** Pause before a retained message is retried. */
const dependencyRetryMs = 100

/** Bytes of a failure reason: enough for a sentence and the names of what was dropped. */
const reasonLimitBytes = 500

const results = ['processed', 'duplicate', 'retried', 'dead_lettered'] as const
type Result = (typeof results)[number]

/** A channel and its deliveries, which cannot be settled after the channel is closed. */
interface Session {
  readonly channel: Channel
  readonly consumerTag: string
  readonly acks: AckTracker
  readonly running: Set<Promise<void>>
  /** Aborted when retained deliveries must stop waiting: drain, or the channel is closed. */
  readonly stop: AbortController
  open: boolean
  ackTimer: NodeJS.Timeout | undefined
}

/**
 * Consumes one queue and gives each delivery exactly one disposition: ack, retry, dead letter. Retries and dead letters
 * are published and confirmed before the ack, so a crash between the two repeats a message and never loses one. The
 * channel and the consumer are reopened after every loss.
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
    this.#initializeCounters()
    dependencies.broker.onConnect((model) => this.#subscribe(model))
  }

  /** Otherwise `rate()` would miss the first delivery of each label combination. */
  #initializeCounters(): void {
    const { queue } = this.#subscription
    const { consumed, forged, redelivered, unreadable } = this.#dependencies.metrics
    redelivered.inc({ queue }, 0)
    for (const reason of forgeryKinds) forged.inc({ queue, reason }, 0)
    consumed.inc({ queue, event: 'unknown', result: 'dead_lettered' }, 0)
    for (const event of this.#events.keys()) {
      unreadable.inc({ queue, event }, 0)
      for (const result of results) consumed.inc({ queue, event, result }, 0)
    }
  }

  get unsettled(): number {
    return this.#session?.acks.unsettled ?? 0
  }

  /** The consumed queue. */
  get queue(): string {
    return this.#subscription.from ?? this.#subscription.queue
  }

  /** How long the oldest unsettled delivery has waited for its disposition; 0 when there is none. */
  get oldestUnsettledMs(): number {
    const { open = false, acks } = this.#session ?? {}
    const now = this.#now().getTime()
    return open ? Math.max(0, now - (acks?.oldestAt ?? now)) : 0
  }

  get isConsuming(): boolean {
    return this.#session?.open ?? false
  }

  /**
   * Cancels the consumer, waits for running reactions and settles their deliveries. Retained deliveries stay unsettled:
   * the broker requeues them when the channel is closed.
   */
  async drain(): Promise<void> {
    this.#stopping = true
    const session = this.#session
    if (session === undefined || !session.open) return
    await within(session.channel.cancel(session.consumerTag).catch(() => undefined))
    session.stop.abort(new DependencyUnavailable('this process', 'it is stopping'))
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
      consumerTag: `${cutToBytes(from, 200)}-${Math.random().toString(36).slice(2)}`,
      acks: new AckTracker(),
      running: new Set(),
      stop: new AbortController(),
      open: true,
      ackTimer: undefined,
    }
    // Every retained delivery adds a listener.
    setMaxListeners(0, session.stop.signal)
    const retentionCheck = this.#checkRetention(session)
    channel.on('error', (error) => log.warn({ queue: from, reason: messageOf(error) }, 'consuming channel failed'))
    channel.on('close', () => {
      session.open = false
      clearInterval(retentionCheck)
      session.stop.abort(brokerUnavailable('the channel is closed'))
      if (!this.#stopping) void broker.reopen(model, (connected) => this.#subscribe(connected))
    })
    this.#session = session
    await channel.prefetch(prefetch)
    await channel.consume(
      from,
      (delivery) => {
        // null: the broker cancelled the consumer, because its queue was deleted or moved to another node.
        if (delivery === null) void close(channel)
        else this.#onDelivery(session, delivery)
      },
      { consumerTag: session.consumerTag },
    )
  }

  /** Closes the channel when a delivery is retained too long: the broker requeues all unsettled deliveries. */
  #checkRetention(session: Session): NodeJS.Timeout {
    const { log, retentionLimitMs = defaultRetentionLimitMs } = this.#dependencies
    const check = (): void => {
      const retainedMs = this.#now().getTime() - (session.acks.oldestAt ?? Number.POSITIVE_INFINITY)
      if (retainedMs < retentionLimitMs || !session.open) return
      const { unsettled } = session.acks
      const fields = { queue: this.#subscription.queue, heldMs: retainedMs, retainedMs, unsettled }
      log.warn(fields, 'deliveries retained too long, closing the channel to requeue them')
      void close(session.channel)
    }
    return setInterval(check, retentionLimitMs / 10).unref()
  }

  /** Must not throw: amqplib would close the channel. */
  #onDelivery(session: Session, delivery: ConsumeMessage): void {
    const { deliveryTag } = delivery.fields
    const arrived = this.#now().getTime()
    session.acks.add(deliveryTag, arrived)
    const { metrics } = this.#dependencies
    if (delivery.fields.redelivered) metrics.redelivered.inc({ queue: this.#subscription.queue })
    const run = this.#handle(session, delivery, arrived)
      .then((settled) => (settled ? this.#settle(session, deliveryTag) : undefined))
      .catch((error: unknown) => this.#reject(session, delivery, error, arrived))
      .finally(() => session.running.delete(run))
    session.running.add(run)
  }

  /** @returns false when the delivery cannot be settled: the broker requeues it */
  async #handle(session: Session, delivery: ConsumeMessage, arrived: number): Promise<boolean> {
    const provenance = this.#provenanceOf(delivery)
    let message: Message | undefined
    try {
      refuseForgery(provenance, this.#events)
      const decoded = decode(delivery, provenance.name, this.#events)
      message = decoded
      const result = await this.#traced(decoded, (traced) =>
        this.#retryWhileUnavailable(session, () => this.#subscription.react(traced, session.stop.signal)),
      )
      if (result !== undefined) this.#count(decoded.name, result, arrived, decoded.timestamp)
      return result !== undefined
    } catch (error) {
      const forwarding = forward(delivery, provenance)
      const moved = await this.#retryWhileUnavailable(session, async () => {
        if (error instanceof DiversionRequired) await this.#divert(delivery, error.queue, forwarding)
        else await this.#fail(delivery, message, error, forwarding, arrived)
        return true
      })
      return moved ?? false
    }
  }

  /** Runs the work in a span of its own; the message passed to it has that span's `traceparent`. */
  async #traced(
    message: Message,
    work: (message: Message) => Promise<'processed' | 'duplicate' | undefined>,
  ): Promise<'processed' | 'duplicate' | undefined> {
    const { tracing = tracingOff } = this.#dependencies
    if (!tracing.isOn) return await work(message)
    const { queue, from = queue } = this.#subscription
    const span = startHandlingSpan(tracing, message, from)
    try {
      const result = await work({ ...message, traceparent: span.traceparent })
      span.end({ attributes: { 'order_saga.result': result ?? 'given_back' } })
      return result
    } catch (error) {
      // No failure: the message is handled from the secondary queue.
      span.end(
        error instanceof DiversionRequired ? { attributes: { 'order_saga.result': 'diverted' } } : { failure: error },
      )
      throw error
    }
  }

  /**
   * Retries the work while a dependency is unavailable; the delivery is retained meanwhile.
   * @returns undefined when the delivery must not be retained any longer
   */
  async #retryWhileUnavailable<T>(session: Session, work: () => Promise<T>): Promise<T | undefined> {
    const { signal } = session.stop
    while (session.open) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof DependencyUnavailable)) throw error
        if (signal.aborted) return undefined
        await delay(dependencyRetryMs, undefined, { signal }).catch(() => undefined)
      }
    }
    return undefined
  }

  async #divert(delivery: ConsumeMessage, to: string, { options, dropped }: Forwarding): Promise<void> {
    await this.#publish(delivery, to, options)
    if (dropped === undefined) return
    const { messageId, type: event } = options
    this.#dependencies.log.warn({ queue: this.#subscription.queue, event, messageId, dropped }, 'diverted in part')
  }

  async #fail(
    delivery: ConsumeMessage,
    message: Message | undefined,
    error: unknown,
    { options, dropped }: Forwarding,
    arrived: number,
  ): Promise<void> {
    const { queue, retryDelaysMs } = this.#subscription
    const { log } = this.#dependencies
    const headers = headersOf(delivery)
    const attempt = attemptOf(headers)
    const now = this.#now().toISOString()
    const more = {
      reason: reasonOf(error, dropped),
      'first-failure': String(options.headers['first-failure'] ?? now),
    }
    const isUnreadable = error instanceof UnreadableVersion
    const isFinal = error instanceof PoisonMessage
    const delayOfAttempt = isFinal ? undefined : retryDelaysMs[attempt - 1]
    const delayMs = isUnreadable ? delayAfter(this.#ageOf(more['first-failure']), retryDelaysMs) : delayOfAttempt
    const fields = { ...this.#fieldsOf(delivery, message), attempt, reason: more.reason, dropped }
    if (delayMs === undefined) {
      const known = { ...options.headers, ...more, queue, attempt, 'dead-lettered-at': now }
      const deadLetterHeaders = { ...known, ...failureHeader(error, known) }
      await this.#publish(delivery, deadLetterQueue(queue), { ...options, headers: deadLetterHeaders })
      this.#count(fields.event, 'dead_lettered', arrived)
      log.error(fields, 'dead-lettered')
      if (error instanceof ForgedMessage) this.#reportForgery(delivery, error)
    } else {
      const retryHeaders = {
        ...options.headers,
        ...more,
        attempt: isUnreadable ? attempt : attempt + 1,
        [retriedAtHeader]: now,
      }
      await this.#publish(delivery, retryQueue(queue, delayMs), { ...options, headers: retryHeaders })
      this.#count(fields.event, 'retried', arrived)
      if (isUnreadable) this.#dependencies.metrics.unreadable.inc({ queue, event: fields.event })
      log.warn({ ...fields, delayMs }, isUnreadable ? 'waits for a newer release' : 'attempt failed, will be retried')
    }
  }

  /** A security event: a user of the broker has published what it has no permission for. */
  #reportForgery(delivery: ConsumeMessage, { kind, message: reason }: ForgedMessage): void {
    const { log, metrics } = this.#dependencies
    const { queue } = this.#subscription
    metrics.forged.inc({ queue, reason: kind })
    const { exchange, routingKey } = delivery.fields
    const { name: type, firstRoutingKey } = this.#provenanceOf(delivery)
    const messageId: unknown = delivery.properties.messageId
    const fields = { securityEvent: 'forged_message', queue, exchange, routingKey, firstRoutingKey, type, messageId }
    log.error({ ...fields, reason }, 'forged message refused')
  }

  #provenanceOf(delivery: ConsumeMessage): Provenance {
    return provenanceOf(arrivalOf(delivery), this.#subscription.queue)
  }

  /** Publishes the content of the delivery to another queue of the service and waits for the confirm. */
  async #publish(delivery: ConsumeMessage, queue: string, options: Publication['options']): Promise<void> {
    const { content } = delivery
    const exchange = ownExchange(this.#subscription.queue)
    const outcome = await this.#dependencies.publisher.publish({ exchange, routingKey: queue, content, options })
    if (outcome === 'unroutable') throw new DependencyUnavailable('broker', `queue ${queue} does not exist`)
  }

  /**
   * The last resort for a delivery that cannot be published to another queue, for example because the broker's
   * `max_message_size` is smaller than before: the queue's own arguments make the broker dead-letter it unchanged.
   */
  #reject(session: Session, delivery: ConsumeMessage, error: unknown, arrived: number): void {
    if (!session.open) return
    session.acks.remove(delivery.fields.deliveryTag)
    const fields = this.#fieldsOf(delivery, undefined)
    this.#dependencies.log.error(
      { ...fields, reason: messageOf(error) },
      'cannot be published, the broker dead-letters it',
    )
    try {
      session.channel.nack(delivery, false, false)
    } catch {
      // The channel is closed: the broker redelivers.
      return
    }
    this.#count(fields.event, 'dead_lettered', arrived)
  }

  #fieldsOf(delivery: ConsumeMessage, message: Message | undefined) {
    const { name } = message ?? this.#provenanceOf(delivery)
    return {
      queue: this.#subscription.queue,
      event: this.#events.has(name) ? name : 'unknown',
      eventId: message?.eventId,
      sagaId: message?.sagaId,
      orderId: message?.orderId,
      traceId: traceIdOf(message?.traceparent),
    }
  }

  #settle(session: Session, tag: number): void {
    session.acks.settle(tag)
    // Half of the prefetch is settled: the broker can send only the other half until it gets the acks.
    if (session.acks.pendingAcks * 2 >= this.#subscription.prefetch) this.#sendAcks(session)
    else session.ackTimer ??= setTimeout(() => this.#sendAcks(session), ackDelayMs)
  }

  #sendAcks(session: Session): void {
    clearTimeout(session.ackTimer)
    session.ackTimer = undefined
    if (!session.open) return
    try {
      for (const { tag, multiple } of session.acks.takeAcks()) {
        session.channel.ack({ fields: { deliveryTag: tag } } as ConsumeMessage, multiple)
      }
    } catch {
      // The channel closed between the check and the ack: the broker redelivers, and the inbox ignores the duplicates.
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

  #ageOf(instant: string): number {
    return this.#now().getTime() - (instantOf(instant)?.getTime() ?? Number.NaN)
  }

  #now(): Date {
    return this.#dependencies.now?.() ?? new Date()
  }
}

/** The retry queue of a message that has waited for this long: each once, and the last one from then on. */
function delayAfter(waitedMs: number, delaysMs: readonly number[]): number | undefined {
  let total = 0
  return delaysMs.find((delayMs) => (total += delayMs) > waitedMs) ?? delaysMs.at(-1)
}

function reasonOf(error: unknown, dropped: string | undefined): string {
  const reason = cutToBytes(withoutSecrets(messageOf(error)), reasonLimitBytes)
  return dropped === undefined ? reason : cutToBytes(`${reason} (not forwarded: ${dropped})`, 2 * reasonLimitBytes)
}
