import { checkerOf, type Envelope, EnvelopeSchema, type EventType, instantOf } from '@order-saga/contracts'
import type { ConsumeMessage, Options } from 'amqplib'
import { PoisonMessage, unreadableReason, UnreadableVersion } from '../core/errors.ts'
import { type InvalidJson, parseJson } from '../core/json-text.ts'

/** A consumed event. */
export interface Message<P = unknown> {
  readonly name: string
  readonly eventId: string
  readonly sagaId: string
  readonly orderId: string
  readonly timestamp: Date
  readonly payload: P
  /** From 1; counts only failures of this message, not unavailable dependencies. */
  readonly attempt: number
  /** Delivered before without a settlement: the message may have crashed its consumer. */
  readonly redelivered: boolean
  /** `x-delivery-count` of quorum queues: earlier deliveries without a settlement. */
  readonly deliveryCount: number
  readonly traceparent: string | undefined
}

/** An event to be published: an outbox row in memory. */
export interface OutgoingEvent {
  readonly eventId: string
  readonly sagaId: string
  readonly orderId: string
  readonly name: string
  readonly version: number
  /** The oldest version whose readers read it; undefined: its own version. */
  readonly oldestReader?: number | undefined
  readonly createdAt: Date
  readonly causationId: string | undefined
  readonly traceparent: string | undefined
  /** JSON text. */
  readonly payload: string
}

const checkEnvelope = checkerOf(EnvelopeSchema)

/** The JSON envelope; the payload's text is inserted unchanged, without parsing it. */
export function encode(event: OutgoingEvent): Buffer {
  const { eventId, sagaId, orderId } = event
  const head = JSON.stringify({ eventId, sagaId, orderId, timestamp: event.createdAt.toISOString() })
  return Buffer.from(`${head.slice(0, -1)},"payload":${event.payload}}`)
}

export function propertiesOf(event: OutgoingEvent): Options.Publish & { readonly messageId: string } {
  return {
    messageId: event.eventId,
    correlationId: event.sagaId,
    type: event.name,
    contentType: 'application/json',
    timestamp: Math.floor(event.createdAt.getTime() / 1000),
    persistent: true,
    mandatory: true,
    headers: {
      'schema-version': event.version,
      ...(event.oldestReader === undefined ? {} : { 'oldest-reader': event.oldestReader }),
      ...(event.causationId === undefined ? {} : { 'causation-id': event.causationId }),
      ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
    },
  }
}

export function headersOf(delivery: ConsumeMessage): Record<string, unknown> {
  return delivery.properties.headers ?? {}
}

/**
 * @throws PoisonMessage unless the delivery is a well-formed event of this name and a known type
 * @throws UnreadableVersion for a version that this release does not read
 */
export function decode(delivery: ConsumeMessage, name: string, known: ReadonlyMap<string, EventType>): Message {
  const type = known.get(name)
  if (type === undefined) throw new PoisonMessage(`unknown event: ${name.slice(0, 100)}`)
  const headers = headersOf(delivery)
  const { 'schema-version': sent, 'oldest-reader': named } = headers
  const version = versionIn(sent)
  // It may be a newer version, and is not forwarded, so that it would be missing on the next pass.
  if (version === undefined && Number(numberIn(sent)) > type.version) {
    throw new PoisonMessage('malformed header: schema-version')
  }
  const oldestReader = versionIn(named) ?? version ?? 1
  if (oldestReader > type.version) {
    const unread = `${unreadableReason} ${version ?? oldestReader} of ${name}`
    throw new UnreadableVersion(`${unread}: this consumer knows ${type.version}`)
  }
  const envelope = checkEnvelope(parse(delivery.content))
  if (!envelope.ok) throw new PoisonMessage(`malformed envelope: ${envelope.problem.field} ${envelope.problem.message}`)
  const { eventId, sagaId, orderId, timestamp, payload } = envelope.value as Envelope
  const checked = type.check(payload)
  if (!checked.ok) throw new PoisonMessage(`malformed payload: ${checked.problem.field} ${checked.problem.message}`)
  return {
    name,
    eventId: eventId.toLowerCase(),
    sagaId: sagaId.toLowerCase(),
    orderId: orderId.toLowerCase(),
    timestamp: instantOf(timestamp) as Date,
    payload: checked.value,
    attempt: attemptOf(headers),
    redelivered: delivery.fields.redelivered,
    deliveryCount: numberIn(headers['x-delivery-count']) ?? 0,
    traceparent: typeof headers['traceparent'] === 'string' ? headers['traceparent'] : undefined,
  }
}

export function attemptOf(headers: Record<string, unknown>): number {
  const attempt = numberIn(headers['attempt'])
  return Number.isInteger(attempt) && Number(attempt) > 0 ? Number(attempt) : 1
}

/** Some clients send all headers as texts. */
function versionIn(value: unknown): number | undefined {
  const version = typeof value === 'string' && !/^\d{1,16}$/.test(value) ? undefined : numberIn(value)
  return version !== undefined && Number.isSafeInteger(version) && version > 0 ? version : undefined
}

/** Not `Number(value)`, which throws for a table with the field `toString`. */
function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' || typeof value === 'string' ? Number(value) : undefined
}

function parse(content: Buffer): unknown {
  try {
    return parseJson(content)
  } catch (error) {
    const { field = 'the body', message } = error as InvalidJson
    throw new PoisonMessage(`malformed envelope: ${field} ${message}`)
  }
}
