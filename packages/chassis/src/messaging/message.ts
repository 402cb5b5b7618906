import { checkerOf, type Envelope, EnvelopeSchema, type EventType } from '@order-saga/contracts'
import type { ConsumeMessage, Options } from 'amqplib'
import { PoisonMessage } from '../core/errors.ts'

/** One event as a reaction sees it. */
export interface Message<P = unknown> {
  readonly name: string
  readonly eventId: string
  readonly sagaId: string
  readonly orderId: string
  readonly timestamp: Date
  readonly payload: P
  /** 1 at the first try; counts only failures of this message, not troubles of what it depends on. */
  readonly attempt: number
  /** It was given out before and never settled: its last consumer may have died of it. */
  readonly redelivered: boolean
  /** How often the broker had it back from consumers that died or closed. */
  readonly returns: number
  readonly traceparent: string | undefined
}

/** One event on its way out: an outbox row, in memory. */
export interface OutgoingEvent {
  readonly eventId: string
  readonly sagaId: string
  readonly orderId: string
  readonly name: string
  readonly version: number
  readonly createdAt: Date
  readonly causationId: string | undefined
  readonly traceparent: string | undefined
  /** JSON text. */
  readonly payload: string
}

const checkEnvelope = checkerOf(EnvelopeSchema)

/** The spec's envelope as bytes; the payload is spliced in as it is, not parsed and printed again. */
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
      ...(event.causationId === undefined ? {} : { 'causation-id': event.causationId }),
      ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
    },
  }
}

/** The event's name: the property `type`; a message back from a retry queue has lost its routing key. */
export function nameOf(delivery: ConsumeMessage): string {
  const type: unknown = delivery.properties.type
  return typeof type === 'string' && type !== '' ? type : delivery.fields.routingKey
}

export function headersOf(delivery: ConsumeMessage): Record<string, unknown> {
  return delivery.properties.headers ?? {}
}

/** What RabbitMQ counted on the way here is not ours to send on, and `CC` would send copies to other queues. */
const brokersOwn = /^(x-|B?CC$)/

/** The headers with which a delivery goes on to another queue. */
export function headersToSendOn(delivery: ConsumeMessage): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headersOf(delivery)).filter(([name]) => !brokersOwn.test(name)))
}

/** The properties with which it goes on, as the event of that name, with these headers. */
export function propertiesToSendOn(
  { properties }: ConsumeMessage,
  name: string,
  headers: Record<string, unknown>,
): Options.Publish & { readonly messageId?: string } {
  return {
    messageId: properties.messageId as string | undefined,
    correlationId: properties.correlationId as string | undefined,
    type: name,
    contentType: properties.contentType as string | undefined,
    timestamp: properties.timestamp as number | undefined,
    persistent: true,
    headers,
  }
}

/**
 * @throws PoisonMessage for whatever is not a well-formed event of a known type and version
 */
export function decode(delivery: ConsumeMessage, known: ReadonlyMap<string, EventType>): Message {
  const name = nameOf(delivery)
  const type = known.get(name)
  if (type === undefined) throw new PoisonMessage(`unknown event: ${name.slice(0, 100)}`)
  const headers = headersOf(delivery)
  const version = headers['schema-version']
  if (typeof version === 'number' && version > type.version) {
    throw new PoisonMessage(`unknown version ${version} of ${name}: this consumer knows ${type.version}`)
  }
  const envelope = checkEnvelope(parse(delivery.content))
  if (!envelope.ok) throw new PoisonMessage(`malformed envelope: ${envelope.problem.field} ${envelope.problem.message}`)
  const { eventId, sagaId, orderId, timestamp, payload } = envelope.value as Envelope
  const checked = type.check(payload)
  if (!checked.ok) throw new PoisonMessage(`malformed payload: ${checked.problem.field} ${checked.problem.message}`)
  const instant = new Date(timestamp)
  if (Number.isNaN(instant.getTime())) throw new PoisonMessage('malformed envelope: timestamp is no instant')
  return {
    name,
    eventId: eventId.toLowerCase(),
    sagaId: sagaId.toLowerCase(),
    orderId: orderId.toLowerCase(),
    timestamp: instant,
    payload: checked.value,
    attempt: attemptOf(headers),
    redelivered: delivery.fields.redelivered,
    returns: Number(headers['x-delivery-count'] ?? 0),
    traceparent: typeof headers['traceparent'] === 'string' ? headers['traceparent'] : undefined,
  }
}

export function attemptOf(headers: Record<string, unknown>): number {
  const attempt = Number(headers['attempt'])
  return Number.isInteger(attempt) && attempt > 0 ? attempt : 1
}

function parse(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'))
  } catch {
    throw new PoisonMessage('malformed envelope: the body is no JSON')
  }
}
