import { catalogue, type EventType, maxMessageBytes } from '@order-saga/contracts'
import { encode, type OutgoingEvent, propertiesOf } from '../messaging/message.ts'
import type { Publisher } from '../messaging/publisher.ts'
import { startOutboxSpan } from '../messaging/spans.ts'
import { DependencyUnavailable, messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { ChassisMetrics } from '../core/metrics.ts'
import { type Tracing, tracingOff } from '../core/tracing.ts'
import { type Database, statement } from './database.ts'
import { leaseMs, oldestReaderOf } from './outbox.ts'
import { type ConfirmedEvents, PublicationMarker, type PublishOutcome } from './publication-marker.ts'

export interface RelayOptions {
  readonly database: Database
  readonly publisher: Publisher
  readonly exchange: string
  readonly log: Log
  readonly metrics: ChassisMetrics
  readonly tracing?: Tracing
  /** How often the table is looked at for rows of dead processes and failed publishes. */
  readonly pollIntervalMs: number
  /** How long an event no queue is bound for is tried again before it is parked. */
  readonly parkAfterMs: number
  /** The queues that should be bound to the event, for the log. */
  readonly queuesOf?: (event: string) => readonly string[]
  /** Rows that are claimed together at most. */
  readonly batchSize?: number
  readonly now?: () => Date
}

const claimPending = statement(
  'relay-claim',
  `WITH claimed AS (
     UPDATE events SET lease_until = $1::timestamptz + make_interval(secs => $2)
     WHERE event_id = ANY(ARRAY(
       SELECT event_id FROM events
       WHERE published_at IS NULL AND parked_at IS NULL AND lease_until <= $1
       ORDER BY lease_until LIMIT $3 FOR UPDATE SKIP LOCKED))
     RETURNING event_id, saga_id, order_id, routing_key, payload::text, schema_version, causation_id, traceparent, created_at)
   SELECT * FROM claimed ORDER BY created_at, event_id`,
)

interface Row {
  event_id: string
  saga_id: string
  order_id: string
  routing_key: string
  payload: string
  schema_version: number
  causation_id: string | null
  traceparent: string | null
  created_at: Date
}

/** Beyond it fresh events are left to the table: memory stays bounded when the broker is slower than the writers. */
const memoryLimit = 10_000
/** Events given to the broker and not confirmed at most; so many keep it busy (docs/decisions/0013). */
const unconfirmedLimit = 1_000

/**
 * Publishes the outbox. Events this process has just committed are published from memory (`offer`), at once and without
 * waiting for publishes in flight; the table is polled for everything else: rows of a process that died, rows whose publish
 * failed. `published_at` is set only for events that the broker confirmed and routed. An event may be published twice (a
 * lost confirm, a lease that ran out, a crash before the mark), never lost; consumers know it by its id.
 */
export class Relay {
  readonly #options: RelayOptions
  readonly #record: PublicationMarker
  readonly #batchSize: number
  #fresh: OutgoingEvent[] = []
  readonly #underWay = new Set<Promise<PublishOutcome>>()
  #sendDue = false
  #poll: NodeJS.Timeout | undefined
  #pollDue = false
  #polling: Promise<void> | undefined
  #stopped = false

  constructor(options: RelayOptions) {
    this.#options = options
    this.#batchSize = options.batchSize ?? 500
    this.#record = new PublicationMarker({ ...options, now: () => this.#now() })
    options.publisher.onAvailable(() => this.#wake())
  }

  /** Whether rows may be appended as leased to this process. */
  get accepts(): boolean {
    return !this.#stopped && this.#options.publisher.isAvailable && this.#fresh.length < memoryLimit
  }

  /** Hands over events that have been committed as leased. */
  offer(events: readonly OutgoingEvent[]): void {
    if (events.length === 0) return
    this.#fresh.push(...events)
    this.#sendSoon()
  }

  /** Published events that the next transaction of this process marks as such. */
  takeConfirmed(): ConfirmedEvents | undefined {
    return this.#record.takeConfirmed()
  }

  start(): void {
    this.#poll = setInterval(() => this.#wake(), this.#options.pollIntervalMs)
    this.#wake()
  }

  /** Publishes what is in memory, and claims no more. */
  async drain(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#poll)
    while (this.#fresh.length > 0 || this.#underWay.size > 0) {
      this.#sendFresh()
      if (this.#underWay.size > 0) await Promise.race(this.#underWay)
    }
    await this.#polling
    await this.#record.flush()
  }

  /** On the next turn of the loop: what is offered in this one leaves together. */
  #sendSoon(): void {
    if (this.#sendDue) return
    this.#sendDue = true
    setImmediate(() => {
      this.#sendDue = false
      this.#sendFresh()
    })
  }

  #sendFresh(): void {
    const batch = this.#fresh.splice(0, Math.max(0, unconfirmedLimit - this.#underWay.size))
    // An event older than its lease may be claimed by any relay from the table.
    const leasedFrom = this.#now().getTime() - leaseMs
    for (const event of batch) if (event.createdAt.getTime() >= leasedFrom) void this.#publish(event)
  }

  #wake(): void {
    this.#pollDue = true
    this.#polling ??= this.#publishPending().finally(() => {
      this.#polling = undefined
    })
  }

  /** Batch after batch while there are full ones, each recorded before the next is claimed. */
  async #publishPending(): Promise<void> {
    while (this.#pollDue && !this.#stopped) {
      this.#pollDue = false
      if (!this.#options.publisher.isAvailable) return
      try {
        const values = [this.#now(), leaseMs / 1000, this.#batchSize]
        const rows = await this.#options.database.query<Row>(claimPending, values)
        const outcomes = await Promise.all(rows.map((row) => this.#publish(eventOf(row))))
        await this.#record.flush()
        if (rows.length === this.#batchSize && !outcomes.includes('failed')) this.#pollDue = true
      } catch (error) {
        this.#options.log.warn({ reason: messageOf(error) }, 'the outbox could not be read, trying again')
        return
      }
    }
  }

  /** Never rejects. Events leave in the order of the calls, on one channel, and the broker confirms many at once. */
  #publish(event: OutgoingEvent): Promise<PublishOutcome> {
    const attempt = this.#attempt(event).then((outcome) => {
      this.#underWay.delete(attempt)
      if (this.#fresh.length > 0) this.#sendSoon()
      return outcome
    })
    this.#underWay.add(attempt)
    return attempt
  }

  async #attempt(event: OutgoingEvent): Promise<PublishOutcome> {
    const { publisher, exchange } = this.#options
    let outcome: PublishOutcome
    let failure: unknown
    try {
      const content = encode(event)
      if (content.byteLength > maxMessageBytes) {
        outcome = 'unpublishable'
      } else {
        const publish = (traced: OutgoingEvent): Promise<'routed' | 'unroutable'> =>
          publisher.publish({ exchange, routingKey: event.name, content, options: propertiesOf(traced) })
        outcome = await this.#traced(event, publish)
      }
    } catch (error) {
      outcome = error instanceof DependencyUnavailable ? 'failed' : 'unpublishable'
      failure = error
    }
    this.#record.add(event, outcome, failure)
    return outcome
  }

  async #traced<T>(event: OutgoingEvent, publish: (event: OutgoingEvent) => Promise<T>): Promise<T> {
    const { exchange, tracing = tracingOff } = this.#options
    if (!tracing.isOn) return await publish(event)
    const span = startOutboxSpan(tracing, event, exchange, this.#now())
    try {
      const outcome = await publish({ ...event, traceparent: span.traceparent })
      span.end(outcome === 'routed' ? {} : { failure: outcome })
      return outcome
    } catch (error) {
      span.end({ failure: error })
      throw error
    }
  }

  #now(): Date {
    return this.#options.now?.() ?? new Date()
  }
}

/** A row that another release has written may name an event that this one does not have. */
const types = new Map<string, EventType>(catalogue.map((type) => [type.name, type]))

function eventOf(row: Row): OutgoingEvent {
  return {
    eventId: row.event_id,
    sagaId: row.saga_id,
    orderId: row.order_id,
    name: row.routing_key,
    version: row.schema_version,
    ...oldestReaderOf(types.get(row.routing_key), row.schema_version),
    createdAt: row.created_at,
    causationId: row.causation_id ?? undefined,
    traceparent: row.traceparent ?? undefined,
    payload: row.payload,
  }
}
