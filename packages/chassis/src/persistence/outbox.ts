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

const append = statement(
  'outbox-append',
  `INSERT INTO events (event_id, saga_id, order_id, routing_key, payload, schema_version, causation_id, traceparent, created_at, lease_until)
   SELECT event_id, saga_id, order_id, routing_key, payload::jsonb, schema_version, causation_id, traceparent, created_at, $10::timestamptz
   FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::integer[], $7::uuid[], $8::text[], $9::timestamptz[])
     AS e (event_id, saga_id, order_id, routing_key, payload, schema_version, causation_id, traceparent, created_at)`,
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

/**
 * Appends events in the transaction of the change they report. With `leased`, the rows are inserted with a lease: this
 * process publishes them from memory after the commit, and other relays claim them only once the lease has expired.
 */
export function appendEvents(tx: Transaction, events: readonly OutgoingEvent[], leased: boolean, now: Date): void {
  if (events.length === 0) return
  tx.write(append, [
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
  ])
}
