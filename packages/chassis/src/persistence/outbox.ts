import type { EventType } from '@order-saga/contracts'
import type { OutgoingEvent } from '../messaging/message.ts'
import { statement, type Transaction } from './database.ts'

/** The saga and order of a new event, and the event and trace that caused it. */
export interface Cause {
  readonly sagaId: string
  readonly orderId: string
  readonly eventId?: string | undefined
  readonly traceparent?: string | undefined
}

/**
 * How long the relay of the process that inserted a row publishes it alone, in milliseconds. Longer than a publisher confirm
 * takes; the rows of a process that crashed wait this long.
 */
export const leaseMs = 5_000

const insert = `INSERT INTO events (event_id, saga_id, order_id, routing_key, payload, schema_version, causation_id, traceparent, created_at, lease_until)
   SELECT event_id, saga_id, order_id, routing_key, payload::jsonb, schema_version, causation_id, traceparent, created_at, $10::timestamptz
   FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::integer[], $7::uuid[], $8::text[], $9::timestamptz[])
     AS e (event_id, saga_id, order_id, routing_key, payload, schema_version, causation_id, traceparent, created_at)`
/** Needs no rights on the inbox, which an operator does not have. */
const append = statement('outbox-append', insert)
// One statement for all that a transaction writes about messages: each one more costs as much as its rows.
const write = statement(
  'messages-write',
  `WITH claimed AS (
     INSERT INTO processed_events (event_id, consumer, processed_at)
     SELECT event_id, $12, $11 FROM unnest($13::uuid[]) AS event_id
   ), published AS (
     UPDATE events SET published_at = $11 WHERE event_id = ANY($14::uuid[]) AND published_at IS NULL
   ) ${insert}`,
)

/** A row that another release has written may have another version: nothing is known about the readers of that one. */
export function oldestReaderOf(type: EventType | undefined, version: number): Pick<OutgoingEvent, 'oldestReader'> {
  return type === undefined || type.version !== version || type.oldestReader === version
    ? {}
    : { oldestReader: type.oldestReader }
}

/** Creates an event. Every publication of it carries the same id. */
export function newEvent<P>(
  type: EventType<P>,
  payload: NoInfer<P>,
  cause: Cause,
  { eventId, now }: { eventId: string; now: Date },
): OutgoingEvent {
  return {
    eventId,
    sagaId: cause.sagaId,
    orderId: cause.orderId,
    name: type.name,
    version: type.version,
    ...oldestReaderOf(type, type.version),
    createdAt: now,
    causationId: cause.eventId,
    traceparent: cause.traceparent,
    payload: JSON.stringify(payload),
  }
}

/** The writes of a transaction to inbox and outbox. */
export interface MessageWrites {
  /** Events that it has handled. */
  readonly claims?: { readonly consumer: string; readonly ids: readonly string[] } | undefined
  /** Events that report its change. */
  readonly events?: readonly OutgoingEvent[]
  /**
   * Whether the rows are inserted with a lease: this process publishes them from memory after the commit, and other relays
   * claim them only once the lease has expired.
   */
  readonly leased?: boolean
  /** Ids of earlier events that the broker has confirmed. */
  readonly published?: readonly string[]
  readonly now: Date
}

/**
 * Claims events, appends events and marks events as published, in the transaction of the change. If another consumer has
 * claimed one, the primary key refuses it and the whole transaction is repeated on what it then sees. Sorted, so that two
 * transactions with the same events wait for each other and do not deadlock.
 */
export function writeMessages(
  tx: Transaction,
  { claims, events = [], leased = false, published = [], now }: MessageWrites,
): void {
  const claimed = claims?.ids ?? []
  if (claimed.length + events.length + published.length === 0) return
  const appended = [
    events.map((event) => event.eventId),
    events.map((event) => event.sagaId),
    events.map((event) => event.orderId),
    events.map((event) => event.name),
    events.map((event) => event.payload),
    events.map((event) => event.version),
    events.map((event) => event.causationId ?? null),
    events.map((event) => event.traceparent ?? null),
    events.map((event) => event.createdAt.toISOString()),
    leased ? new Date(now.getTime() + leaseMs) : now,
  ]
  if (claimed.length + published.length === 0) tx.write(append, appended)
  else tx.write(write, [...appended, now, claims?.consumer ?? '', claimed.toSorted(), published.toSorted()])
}
