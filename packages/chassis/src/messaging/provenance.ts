import { catalogue, ownExchange } from '@order-saga/contracts'
import type { ConsumeMessage } from 'amqplib'
import { ForgedMessage } from '../core/errors.ts'

/** The routing key of the delivery on the topic exchange; written by the consumer that moves it to another queue. */
export const firstRoutingKeyHeader = 'first-routing-key'

/** Every failure reason of a forged message begins with it. */
const forgedReason = 'forged: '

type Headers = Readonly<Record<string, unknown>>

/** The exchange and the routing key with which a message came to a work queue, and its headers and `type` at that time. */
export interface Arrival {
  readonly exchange: string
  readonly routingKey: string
  readonly headers: Headers
  readonly type: unknown
}

/** The name of the event that a message claims to be, and the routing key that proves its publisher. */
export interface Provenance {
  /** The event's name: the property `type`; without it the routing key under which the message was first published. */
  readonly name: string
  /** Undefined for a message that the previous release moved. */
  readonly firstRoutingKey: string | undefined
}

export function arrivalOf({ fields, properties }: ConsumeMessage): Arrival {
  const { exchange, routingKey } = fields
  return { exchange, routingKey, headers: properties.headers ?? {}, type: properties.type }
}

/**
 * Topic permissions give each routing key one publisher, so that the routing key proves the publisher; the property `type`
 * and all headers are the sender's own. Only this service and the broker's dead-lettering reach the service's own direct
 * exchange and the default exchange, so that on these ways the header `first-routing-key` was written by a consumer.
 * @param queue the main queue of the service
 */
export function provenanceOf({ exchange, routingKey, headers, type: sent }: Arrival, queue: string): Provenance {
  const type = textOf(sent)
  if (!isOwnPath(exchange, queue)) return { name: type ?? routingKey, firstRoutingKey: routingKey }
  const firstRoutingKey = textOf(headers[firstRoutingKeyHeader])
  return { name: type ?? firstRoutingKey ?? routingKey, firstRoutingKey }
}

export const forgeryKinds = ['type', 'binding'] as const
export type ForgeryKind = (typeof forgeryKinds)[number]

/**
 * Why the message cannot be the event that it claims to be; undefined when nothing contradicts it.
 * `type`: its type is not the routing key under which it was first published.
 * `binding`: the service does not consume the event of the routing key; the headers CC and BCC route copies past the
 * bindings and the topic permissions. An event that is not in the catalogue belongs to another release and is merely unknown.
 */
export function forgeryIn(
  { name, firstRoutingKey }: Provenance,
  consumed: { has(event: string): boolean },
): { readonly kind: ForgeryKind; readonly reason: string } | undefined {
  if (firstRoutingKey === undefined) return undefined
  if (name !== firstRoutingKey) {
    const reason = `the type ${quoted(name)} was published with the routing key ${quoted(firstRoutingKey)}`
    return { kind: 'type', reason: `${forgedReason}${reason}` }
  }
  if (consumed.has(name) || !catalogue.some((event) => event.name === name)) return undefined
  return { kind: 'binding', reason: `${forgedReason}this queue is not bound to the routing key ${quoted(name)}` }
}

/** @throws ForgedMessage when the delivery is not the event that it claims to be */
export function refuseForgery(provenance: Provenance, consumed: { has(event: string): boolean }): void {
  const forgery = forgeryIn(provenance, consumed)
  if (forgery !== undefined) throw new ForgedMessage(forgery.kind, forgery.reason)
}

function isOwnPath(exchange: string, queue: string): boolean {
  return exchange === '' || exchange === ownExchange(queue)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The text is the sender's: cut, and with its control characters escaped. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}
