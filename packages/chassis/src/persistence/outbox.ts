import type { EventType } from '@order-saga/contracts'
import type { OutgoingEvent } from '../messaging/message.ts'
import { statement, type Transaction } from './database.ts'

/** What a new event is about and what caused it. */
export interface Cause {
  readonly sagaId: string
  readonly orderId: string
  readonly eventId?: string | undefined
  readonly traceparent?: string | undefined
}

/** How long a row belongs to the process that wrote it. Longer than a confirm may take; a dead process's rows wait this long. */
export const leaseMs = 5_000

const append = statement(
  'outbox-append',
  `INSERT INTO events (event_id, saga_id, order_id, routing_key, payload, schema_version, causation_id, traceparent, created_at, lease_until)
   SELECT event_id, saga_id, order_id, routing_key, payload::jsonb, schema_version, causation_id, traceparent, created_at, $10::timestamptz
   FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::integer[], $7::uuid[], $8::text[], $9::timestamptz[])
     AS e (event_id, saga_id, order_id, routing_key, payload, schema_version, causation_id, traceparent, created_at)`,
)

/** Makes the event; the id it is given here stays the same however often it is published. */
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
    createdAt: now,
    causationId: cause.eventId,
    traceparent: cause.traceparent,
    payload: JSON.stringify(payload),
  }
}

/**
 * Appends events in the transaction of the change they report. A row is born leased to this process, which publishes it
 * from memory after the commit; a relay elsewhere takes it only when the lease is over. Pass `leased: false` when this
 * process cannot publish now.
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
