import type { OutgoingEvent } from '../messaging/message.ts'
import { messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { ChassisMetrics } from '../core/metrics.ts'
import { traceIdOf } from '../core/tracing.ts'
import { type Database, statement } from './database.ts'

/** Outcome of one attempt to publish: confirmed and routed; no queue bound; not encodable in AMQP; unknown or not sent. */
export type PublishOutcome = 'routed' | 'unroutable' | 'unpublishable' | 'failed'

export interface PublicationMarkerOptions {
  readonly database: Database
  readonly log: Log
  readonly metrics: ChassisMetrics
  /** How long an event without a bound queue is retried before it is parked. */
  readonly parkAfterMs: number
  readonly exchange?: string
  readonly queuesOf?: (event: string) => readonly string[]
  readonly now: () => Date
}

const markPublished = statement(
  'relay-published',
  `UPDATE events SET published_at = $2 FROM (SELECT set_config('synchronous_commit', 'off', true)) AS unhurried
   WHERE event_id = ANY($1::uuid[]) AND published_at IS NULL`,
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

/**
 * How long an outcome waits for a transaction of the process that takes it along; then it gets one of its own. Until it is
 * written the row is leased, and if it never is, the event is published once more and recognised by its id. Above the time
 * between two transactions of a service with 10 orders per second; far below the lease (docs/decisions/0053).
 */
const flushDelayMs = 200
/** How long an outcome that keeps an event from its consumers waits for others to share a transaction. */
const failureDelayMs = 50
/** So many are written without waiting. */
const flushThreshold = 500

/** Published events whose marks a transaction writes beside its own change; exactly one of the two functions is called. */
export interface ConfirmedEvents {
  readonly ids: readonly string[]
  readonly written: () => void
  readonly giveBack: () => void
}

interface Outcome {
  readonly event: OutgoingEvent
  readonly outcome: PublishOutcome
  /** A transaction that was to write the mark has failed. */
  readonly isReturned?: boolean
}

/** Records the outcomes of publishes, many in one transaction. */
export class PublicationMarker {
  readonly #options: PublicationMarkerOptions
  #outcomes: Outcome[] = []
  #failure: unknown
  #timer: NodeJS.Timeout | undefined
  #timerMs = 0
  #writing: Promise<void> | undefined

  constructor(options: PublicationMarkerOptions) {
    this.#options = options
  }

  /** `failure` is the reason of `failed`. */
  add(event: OutgoingEvent, outcome: PublishOutcome, failure?: unknown): void {
    this.#outcomes.push({ event, outcome })
    this.#failure ??= failure
    if (this.#outcomes.length === flushThreshold) void this.flush()
    else this.#flushWithin(outcome === 'routed' ? flushDelayMs : failureDelayMs)
  }

  #flushWithin(delayMs: number): void {
    if (this.#timer !== undefined && delayMs >= this.#timerMs) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.flush(), delayMs)
    this.#timerMs = delayMs
  }

  /**
   * Takes the events that were routed, for a transaction that is about to begin; undefined when there are none. Those of a
   * transaction that failed get one of their own: the next one may fail too.
   */
  takeConfirmed(): ConfirmedEvents | undefined {
    const isTaken = ({ outcome, isReturned = false }: Outcome): boolean => outcome === 'routed' && !isReturned
    const taken = this.#outcomes.filter(isTaken)
    if (taken.length === 0) return undefined
    const events = taken.map(({ event }) => event)
    this.#outcomes = this.#outcomes.filter((outcome) => !isTaken(outcome))
    if (this.#outcomes.length === 0) {
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
    return {
      ids: events.map(({ eventId }) => eventId),
      written: () => this.#count(events),
      giveBack: () => {
        this.#outcomes.push(...taken.map((outcome) => ({ ...outcome, isReturned: true })))
        this.#flushWithin(failureDelayMs)
      },
    }
  }

  /** Resolves when all that was added is written, or could not be: those rows keep their lease, and come again after it. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    while (this.#writing !== undefined) await this.#writing
    if (this.#outcomes.length === 0) return
    this.#writing = this.#write().finally(() => (this.#writing = undefined))
    await this.#writing
  }

  async #write(): Promise<void> {
    const outcomes = this.#outcomes
    const failure = this.#failure
    this.#outcomes = []
    this.#failure = undefined
    const those = (wanted: PublishOutcome): OutgoingEvent[] =>
      outcomes.filter(({ outcome }) => outcome === wanted).map(({ event }) => event)
    try {
      await this.#routed(those('routed'))
      await this.#unpublishable(those('unpublishable'))
      await this.#unroutable(those('unroutable'))
      await this.#failed(those('failed'), failure)
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error) }, 'the publication of events could not be recorded')
    }
  }

  async #routed(events: readonly OutgoingEvent[]): Promise<void> {
    if (events.length === 0) return
    const { database, now } = this.#options
    await database.query(markPublished, [idsOf(events), now()])
    this.#count(events)
  }

  #count(events: readonly OutgoingEvent[]): void {
    const { outboxPublished } = this.#options.metrics
    const counts = new Map<string, number>()
    for (const { name } of events) counts.set(name, (counts.get(name) ?? 0) + 1)
    for (const [event, count] of counts) outboxPublished.inc({ event }, count)
  }

  async #unpublishable(events: readonly OutgoingEvent[]): Promise<void> {
    if (events.length === 0) return
    const { database, log, now } = this.#options
    await database.query(park, [idsOf(events), now(), 'unpublishable'])
    for (const event of events) {
      log.error(aboutOf(event), 'event parked: it is too large for a message, or has no form in AMQP')
    }
  }

  async #unroutable(unroutable: readonly OutgoingEvent[]): Promise<void> {
    if (unroutable.length === 0) return
    const { database, log, now, parkAfterMs, exchange, queuesOf } = this.#options
    const events = new Map(unroutable.map((event) => [event.eventId, event]))
    const rows = await database.query<{ event_id: string; parked_at: Date | null }>(backOffUnroutable, [
      idsOf(unroutable),
      now(),
      parkAfterMs / 1000,
    ])
    for (const row of rows) {
      const event = events.get(row.event_id) as OutgoingEvent
      const about = { ...aboutOf(event), exchange, routingKey: event.name, expectedQueues: queuesOf?.(event.name) }
      if (row.parked_at === null) log.warn(about, 'no queue is bound for an event, trying again')
      else log.error(about, 'event parked: no queue is bound for it')
    }
  }

  async #failed(events: readonly OutgoingEvent[], failure: unknown): Promise<void> {
    if (events.length === 0) return
    const { database, log, now } = this.#options
    await database.query(giveBack, [idsOf(events), now()])
    log.warn({ events: events.length, reason: messageOf(failure) }, 'events could not be published, trying again')
  }
}

/** Sorted, so that two relays with the same rows wait for each other and do not deadlock. */
function idsOf(events: readonly OutgoingEvent[]): string[] {
  return events.map((event) => event.eventId).toSorted()
}

function aboutOf({ eventId, name, sagaId, orderId, traceparent }: OutgoingEvent): Record<string, string | undefined> {
  return { eventId, event: name, sagaId, orderId, traceId: traceIdOf(traceparent) }
}
