import { encode, type OutgoingEvent, propertiesOf } from '../messaging/message.ts'
import type { Publisher } from '../messaging/publisher.ts'
import { outboxSpan } from '../messaging/spans.ts'
import { DependencyUnavailable, messageOf } from '../runtime/errors.ts'
import type { Log } from '../runtime/log.ts'
import type { ChassisMetrics } from '../runtime/metrics.ts'
import { traceIdOf, type Tracing, tracingOff } from '../runtime/tracing.ts'
import { type Database, statement } from './database.ts'
import { leaseMs } from './outbox.ts'

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
  readonly batchSize?: number
  /** Bytes of one message; a larger one is parked at once. */
  readonly maxMessageBytes?: number
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
const markPublished = statement(
  'relay-published',
  'UPDATE events SET published_at = $2 WHERE event_id = ANY($1::uuid[]) AND published_at IS NULL',
)
const giveBack = statement(
  'relay-give-back',
  'UPDATE events SET lease_until = $2, attempts = attempts + 1 WHERE event_id = ANY($1::uuid[]) AND published_at IS NULL',
)
/** The wait doubles with each attempt, from 1 s to 1 min. */
const backOffUnroutable = statement(
  'relay-unroutable',
  `UPDATE events SET attempts = attempts + 1, unroutable_since = coalesce(unroutable_since, $2::timestamptz),
     lease_until = $2::timestamptz + least(interval '1 minute', interval '1 second' * power(2, least(attempts, 10))),
     parked_at = CASE WHEN $2::timestamptz - coalesce(unroutable_since, $2::timestamptz) >= make_interval(secs => $3) THEN $2::timestamptz END,
     park_reason = CASE WHEN $2::timestamptz - coalesce(unroutable_since, $2::timestamptz) >= make_interval(secs => $3) THEN 'unroutable' END
   WHERE event_id = ANY($1::uuid[]) AND published_at IS NULL AND parked_at IS NULL
   RETURNING event_id, parked_at`,
)
const park = statement(
  'relay-park',
  `UPDATE events SET attempts = attempts + 1, parked_at = $2, park_reason = $3
   WHERE event_id = ANY($1::uuid[]) AND published_at IS NULL AND parked_at IS NULL`,
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

/**
 * Publishes the outbox. What this process has just committed comes straight from memory (`offer`); the table is polled
 * for everything else: rows of a process that died, rows whose publish failed. `published_at` is set only for events
 * that the broker confirmed and routed. An event may be published twice (a lost confirm, a lease that ran out), never
 * lost; consumers know it by its id.
 */
export class Relay {
  readonly #options: RelayOptions
  readonly #batchSize: number
  #fresh: OutgoingEvent[] = []
  #running: Promise<void> | undefined
  #poll: NodeJS.Timeout | undefined
  #pollDue = false
  #stopped = false

  constructor(options: RelayOptions) {
    this.#options = options
    this.#batchSize = options.batchSize ?? 500
    options.publisher.onAvailable(() => this.#wake(true))
  }

  /** Whether rows may be appended as leased to this process. */
  get accepts(): boolean {
    return !this.#stopped && this.#options.publisher.isAvailable && this.#fresh.length < memoryLimit
  }

  /** Hands over events that have been committed as leased. */
  offer(events: readonly OutgoingEvent[]): void {
    if (events.length === 0) return
    this.#fresh.push(...events)
    this.#wake(false)
  }

  start(): void {
    this.#poll = setInterval(() => this.#wake(true), this.#options.pollIntervalMs)
    this.#wake(true)
  }

  /** Publishes what is in memory, and claims no more. */
  async drain(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#poll)
    while (this.#running !== undefined) await this.#running
  }

  #wake(poll: boolean): void {
    this.#pollDue ||= poll
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      // Offered after the loop had looked for the last time.
      if (this.#fresh.length > 0) this.#wake(false)
    })
  }

  async #run(): Promise<void> {
    // Give the writers of this turn of the loop the chance to share the batch.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#fresh.length > 0 || (this.#pollDue && !this.#stopped)) {
      try {
        if (this.#fresh.length > 0) await this.#publishFresh()
        else await this.#publishPending()
      } catch (error) {
        // The rows keep their lease and come again after it.
        this.#options.log.warn({ reason: messageOf(error) }, 'the outbox could not be relayed, trying again')
        this.#pollDue = false
      }
    }
  }

  async #publishFresh(): Promise<void> {
    const batch = this.#fresh.splice(0, this.#batchSize)
    // What has waited longer than its lease is any relay's by now, and found in the table.
    const leasedFrom = this.#now().getTime() - leaseMs
    const leased = batch.filter(({ createdAt }) => createdAt.getTime() >= leasedFrom)
    if (leased.length > 0) await this.#publish(leased)
  }

  async #publishPending(): Promise<void> {
    this.#pollDue = false
    if (!this.#options.publisher.isAvailable) return
    const rows = await this.#options.database.query<Row>(claimPending, [this.#now(), leaseMs / 1000, this.#batchSize])
    if (rows.length === this.#batchSize) this.#pollDue = true
    if (rows.length > 0) await this.#publish(rows.map(eventOf))
  }

  async #publish(events: readonly OutgoingEvent[]): Promise<void> {
    const { publisher, exchange, maxMessageBytes = 1_048_576 } = this.#options
    const published: OutgoingEvent[] = []
    const unroutable: OutgoingEvent[] = []
    const unpublishable: OutgoingEvent[] = []
    const failed: OutgoingEvent[] = []
    let failure: unknown
    // In parallel on one channel: the broker confirms many at once, and they leave in this order.
    await Promise.all(
      events.map(async (event) => {
        try {
          const content = encode(event)
          if (content.byteLength > maxMessageBytes) {
            unpublishable.push(event)
            return
          }
          const outcome = await this.#traced(event, async (traced) => {
            const options = { ...propertiesOf(traced), messageId: event.eventId }
            return await publisher.publish({ exchange, routingKey: event.name, content, options })
          })
          ;(outcome === 'routed' ? published : unroutable).push(event)
        } catch (error) {
          if (!(error instanceof DependencyUnavailable)) {
            unpublishable.push(event)
            return
          }
          failure = error
          failed.push(event)
        }
      }),
    )
    await this.#record(published, unroutable, unpublishable, failed)
    if (failure !== undefined) throw failure
  }

  async #traced<T>(event: OutgoingEvent, publish: (event: OutgoingEvent) => Promise<T>): Promise<T> {
    const { exchange, tracing = tracingOff } = this.#options
    if (!tracing.isOn) return await publish(event)
    const span = outboxSpan(tracing, event, exchange)
    try {
      const outcome = await publish({ ...event, traceparent: span.traceparent })
      span.end(outcome === 'routed' ? {} : { failure: outcome })
      return outcome
    } catch (error) {
      span.end({ failure: error })
      throw error
    }
  }

  async #record(
    published: readonly OutgoingEvent[],
    unroutable: readonly OutgoingEvent[],
    unpublishable: readonly OutgoingEvent[],
    failed: readonly OutgoingEvent[],
  ): Promise<void> {
    const { database, metrics, log, parkAfterMs } = this.#options
    const now = this.#now()
    if (published.length > 0) {
      await database.query(markPublished, [idsOf(published), now])
      for (const event of published) metrics.outboxPublished.inc({ event: event.name })
    }
    if (unpublishable.length > 0) {
      await database.query(park, [idsOf(unpublishable), now, 'unpublishable'])
      for (const event of unpublishable) {
        log.error(aboutOf(event), 'event parked: it is too large for a message, or has no form in AMQP')
      }
    }
    if (unroutable.length > 0) {
      const events = new Map(unroutable.map((event) => [event.eventId, event]))
      const rows = await database.query<{ event_id: string; parked_at: Date | null }>(backOffUnroutable, [
        idsOf(unroutable),
        now,
        parkAfterMs / 1000,
      ])
      for (const row of rows) {
        const about = aboutOf(events.get(row.event_id) as OutgoingEvent)
        if (row.parked_at === null) log.warn(about, 'no queue is bound for an event, trying again')
        else log.error(about, 'event parked: no queue is bound for it')
      }
    }
    if (failed.length > 0) await database.query(giveBack, [idsOf(failed), now])
  }

  #now(): Date {
    return this.#options.now?.() ?? new Date()
  }
}

function idsOf(events: readonly OutgoingEvent[]): string[] {
  return events.map((event) => event.eventId).toSorted()
}

function aboutOf({ eventId, name, sagaId, orderId, traceparent }: OutgoingEvent): Record<string, string | undefined> {
  return { eventId, event: name, sagaId, orderId, traceId: traceIdOf(traceparent) }
}

function eventOf(row: Row): OutgoingEvent {
  return {
    eventId: row.event_id,
    sagaId: row.saga_id,
    orderId: row.order_id,
    name: row.routing_key,
    version: row.schema_version,
    createdAt: row.created_at,
    causationId: row.causation_id ?? undefined,
    traceparent: row.traceparent ?? undefined,
    payload: row.payload,
  }
}
