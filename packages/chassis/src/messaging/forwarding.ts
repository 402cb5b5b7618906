import { instantOf } from '@order-saga/contracts'
import type { ConsumeMessage, MessageProperties, Options } from 'amqplib'
import { headersOf } from './message.ts'
import { firstRoutingKeyHeader, type Provenance } from './provenance.ts'

/**
 * The headers of a forwarded message and the limit of each text, in bytes. Their sum with the properties is below 8,192
 * bytes, the smallest frame that RabbitMQ accepts: the broker closes a connection that sends a larger header frame, and
 * amqplib cannot encode a table over 64 KiB.
 */
const headerLimits: Readonly<Record<string, number>> = {
  'schema-version': 64,
  'oldest-reader': 64,
  'causation-id': 255,
  traceparent: 255,
  'first-failure': 64,
  [firstRoutingKeyHeader]: 255,
  attempt: 64,
  reason: 1_024,
  replays: 4_096,
}
export const replaysLimitBytes = 4_096
/** The time of a retry. Each retry writes its own. */
export const retriedAtHeader = 'retried-at'

/** AMQP 0-9-1, section 4.2.5.3: the length of a short string is one octet. */
const shortStringLimit = 255
const shortStrings = ['messageId', 'correlationId', 'contentType', 'contentEncoding'] as const
/** The last second of the year 9999. */
const latestTimestamp = 253_402_300_799

const notForwarded = ['expiration', 'priority', 'replyTo', 'userId', 'appId', 'clusterId'] as const
/** Headers that the broker sets itself. */
const brokerHeader = /^x-/

const namesReported = 5

export interface Forwarding {
  readonly options: Options.Publish & { readonly messageId?: string; readonly headers: Record<string, unknown> }
  /** The headers and properties that are not forwarded, as text for the log and the reason; undefined if there are none. */
  readonly dropped: string | undefined
}

/**
 * The properties of a delivery that is published to another queue of its service. They can always be encoded and are never
 * refused: everything that the sender of a message controls is taken from a list and limited in size. So `expiration`,
 * `priority`, `userId` and the headers `CC` and `BCC`, which would route copies, are dropped. The first routing key replaces
 * any value that was sent.
 */
export function forward(delivery: ConsumeMessage, { name, firstRoutingKey }: Provenance): Forwarding {
  const properties: Readonly<Partial<Record<keyof MessageProperties, unknown>>> = delivery.properties
  const dropped: string[] = []
  const headers: Record<string, string | number> = {}
  for (const [header, value] of Object.entries(headersOf(delivery))) {
    if (header === firstRoutingKeyHeader || header === retriedAtHeader) continue
    if (isForwarded(header, value)) headers[header] = value
    else if (!brokerHeader.test(header)) dropped.push(`header ${JSON.stringify(header.slice(0, 50))}`)
  }
  if (firstRoutingKey !== undefined) headers[firstRoutingKeyHeader] = shortString(firstRoutingKey)
  const texts: Record<string, string> = {}
  for (const property of shortStrings) {
    const value = properties[property]
    if (typeof value !== 'string') continue
    texts[property] = shortString(value)
    if (texts[property] !== value) dropped.push(`the end of property ${property}`)
  }
  const { timestamp } = properties
  const isTimestamp = Number.isInteger(timestamp) && Number(timestamp) <= latestTimestamp
  if (timestamp !== undefined && !isTimestamp) dropped.push('property timestamp')
  for (const property of notForwarded) if (properties[property] !== undefined) dropped.push(`property ${property}`)
  return {
    options: {
      ...texts,
      type: shortString(name),
      ...(isTimestamp ? { timestamp: Number(timestamp) } : {}),
      persistent: true,
      headers,
    },
    dropped: textOf(dropped),
  }
}

function isForwarded(header: string, value: unknown): value is string | number {
  if (!Object.hasOwn(headerLimits, header)) return false
  if (typeof value === 'number') return Number.isSafeInteger(value)
  if (typeof value !== 'string' || Buffer.byteLength(value) > (headerLimits[header] ?? 0)) return false
  return header !== 'first-failure' || instantOf(value) !== undefined
}

/** A text that amqplib read as UTF-8 may have become longer: each invalid byte is U+FFFD, three bytes. */
function shortString(text: string): string {
  return cutToBytes(text, shortStringLimit)
}

/** The longest beginning of the text that has at most this many bytes and no divided character. */
export function cutToBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text)
  if (bytes.byteLength <= limit) return text
  let end = limit
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', 0, end)
}

function textOf(dropped: readonly string[]): string | undefined {
  if (dropped.length === 0) return undefined
  const more = dropped.length - namesReported
  return `${dropped.slice(0, namesReported).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
