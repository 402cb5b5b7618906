import { createHash } from 'node:crypto'
import { arrivalOf, type Failure, forgeryIn, type Provenance, provenanceOf, readFailure } from '@order-saga/chassis'
import { consumedBy, instantOf, ownExchange, type ServiceName } from '@order-saga/contracts'
import type { ConsumeMessage } from 'amqplib'
import type { ServiceQueues } from '../queues.ts'

/** One entry of the header `replays`. */
export interface PastReplay {
  readonly at: string
  readonly by: string
  readonly why: string
  readonly reason: string
  readonly attempts: number
  readonly deadLetteredAt: string
  /** @deprecated the same as `deadLetteredAt` */
  readonly diedAt: string
}

export interface DeadLetter {
  /** The event's id; without one the message id, in the form of `canonicalId`; without both a digest of the body. */
  readonly id: string
  readonly service: ServiceName
  /** The queue from which it was consumed. */
  readonly queue: string
  readonly event: string
  readonly eventId: string | undefined
  readonly sagaId: string | undefined
  readonly orderId: string | undefined
  readonly reason: string
  /** Undefined if a release before this one, or the broker, dead-lettered it. */
  readonly failure: Failure | undefined
  /** Why it is never replayed: it is forged. Undefined for a message that may be replayed. */
  readonly replayRefusal: string | undefined
  /** Attempts since its publication or last replay. */
  readonly attempts: number
  readonly firstFailure: Date | undefined
  readonly deadLetteredAt: Date | undefined
  /** @deprecated the same as `deadLetteredAt` */
  readonly diedAt: Date | undefined
  readonly replays: readonly PastReplay[]
  readonly bytes: number
}

interface Death {
  readonly queue?: unknown
  readonly reason?: unknown
  readonly time?: unknown
  readonly exchange?: unknown
  readonly 'routing-keys'?: unknown
}

export interface FoundLetter {
  readonly letter: DeadLetter
  readonly message: ConsumeMessage
  readonly provenance: Provenance
}

/** Reads a message of a dead-letter queue; every field has a default for malformed messages. */
export function foundLetterOf(message: ConsumeMessage, place: ServiceQueues): FoundLetter {
  const provenance = provenanceAtConsumer(message, place)
  return { message, provenance, letter: deadLetterOf(message, place, provenance) }
}

function deadLetterOf(
  message: ConsumeMessage,
  { service, consumed }: ServiceQueues,
  provenance: Provenance,
): DeadLetter {
  const { content, properties } = message
  const headers: Record<string, unknown> = properties.headers ?? {}
  const death = brokerDeath(headers)
  const { eventId, sagaId, orderId } = idsIn(content)
  const messageId = text(properties.messageId)
  const deadLetteredAt = timestampOf(death?.time) ?? dateOf(headers['dead-lettered-at'])
  return {
    id:
      eventId ??
      (messageId && canonicalId(messageId)) ??
      `sha256:${createHash('sha256').update(content).digest('hex').slice(0, 16)}`,
    service,
    queue: consumed.find((queue) => queue === (death?.queue ?? headers['queue'])) ?? consumed[0],
    event: text(provenance.name) ?? '',
    eventId,
    sagaId,
    orderId,
    reason: text(death?.reason) ?? text(headers['reason']) ?? 'unknown',
    failure: readFailure(headers['failure']),
    replayRefusal: replayRefusal(service, provenance),
    attempts: count(headers['attempt']),
    firstFailure: dateOf(headers['first-failure']),
    deadLetteredAt,
    diedAt: deadLetteredAt,
    replays: replaysIn(headers),
    bytes: content.byteLength,
  }
}

/**
 * The provenance that the message had at the consumer. A consumer that dead-letters a message writes the header
 * `first-routing-key`. A message that the broker dead-lettered is unchanged, so that the exchange and the routing key in the
 * entry of the broker decide.
 */
function provenanceAtConsumer(message: ConsumeMessage, { consumed: [queue] }: ServiceQueues): Provenance {
  const arrival = arrivalOf(message)
  const death = brokerDeath(arrival.headers)
  if (death === undefined) return provenanceOf({ ...arrival, exchange: ownExchange(queue) }, queue)
  const [published] = Array.isArray(death['routing-keys']) ? (death['routing-keys'] as unknown[]) : []
  const exchange = typeof death.exchange === 'string' ? death.exchange : 'unknown'
  return provenanceOf({ ...arrival, exchange, routingKey: text(published) ?? arrival.routingKey }, queue)
}

function replayRefusal(service: ServiceName, provenance: Provenance): string | undefined {
  const consumed = new Set(consumedBy(service).map(({ name }) => name))
  const forgery = forgeryIn(provenance, consumed)
  return forgery && `${forgery.reason}: a forged message is never replayed`
}

/** The newest are read: every sender of a message controls the header. */
const replaysRead = 20

/** The entries of the header that have the form of `replayProperties`. */
function replaysIn(headers: Readonly<Record<string, unknown>>): PastReplay[] {
  const past: unknown = headers['replays']
  if (typeof past !== 'string') return []
  try {
    const list: unknown = JSON.parse(past)
    if (!Array.isArray(list)) return []
    const replays = list.filter(isPastReplay).slice(-replaysRead)
    // Release 0.1.0 wrote only `diedAt`.
    return replays.map((each) => ({ ...each, deadLetteredAt: each.diedAt }))
  } catch {
    return []
  }
}

function isPastReplay(entry: unknown): entry is PastReplay {
  const { at, by, why, reason, attempts, diedAt } = (entry ?? {}) as Readonly<Record<string, unknown>>
  return [at, by, why, reason, diedAt].every((each) => typeof each === 'string') && typeof attempts === 'number'
}

/**
 * The first entry of `x-death`, set when the broker dead-lettered the message, for example at the delivery limit. Messages
 * that a consumer dead-lettered have none.
 */
function brokerDeath(headers: Readonly<Record<string, unknown>>): Death | undefined {
  const deaths: unknown = headers['x-death']
  return Array.isArray(deaths) ? (deaths[0] as Death) : undefined
}

/** amqplib decodes a timestamp in a table as `{ value: seconds }`. */
function timestampOf(time: unknown): Date | undefined {
  const seconds = (time as { value?: unknown } | null | undefined)?.value
  // Every sender of a message controls the header: a table in this place need not be convertible to a number.
  const at = new Date(typeof seconds === 'number' ? seconds * 1000 : Number.NaN)
  return Number.isNaN(at.getTime()) ? undefined : at
}

function idsIn(content: Buffer): { eventId?: string; sagaId?: string; orderId?: string } {
  try {
    const body: unknown = JSON.parse(content.toString('utf8'))
    const id = (field: string): string | undefined => {
      const value = (body as Record<string, unknown> | null)?.[field]
      return typeof value === 'string' && uuid.test(value) ? value.toLowerCase() : undefined
    }
    const [eventId, sagaId, orderId] = ['eventId', 'sagaId', 'orderId'].map(id)
    return { ...(eventId && { eventId }), ...(sagaId && { sagaId }), ...(orderId && { orderId }) }
  } catch {
    return {}
  }
}

/** A UUID in lower case; any other id as it is: message ids are case-sensitive. */
export function canonicalId(id: string): string {
  return uuid.test(id) ? id.toLowerCase() : id
}

export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** PostgreSQL, which records the acts of operators, has no text with a NUL. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.replaceAll('\0', '\uFFFD') : undefined
}

function count(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 1
}

/** The instant that a header contains as text. */
export function dateOf(value: unknown): Date | undefined {
  return typeof value === 'string' ? instantOf(value) : undefined
}

/** More than any event has, and little enough to be printed by recursion and stored as JSON. */
const deepest = 50

/** The body as JSON; as text if it is not JSON, or is nested too deeply. */
export function bodyOf(content: Buffer): unknown {
  const body = content.toString('utf8')
  try {
    const value: unknown = JSON.parse(body)
    return isDeeperThan(value, deepest) ? body : value
  } catch {
    return body
  }
}

/** Properties and headers in a form that can be printed and stored. */
export function propertiesOf({ properties }: ConsumeMessage): { properties: object; headers: object } {
  const { headers = {}, ...others } = properties
  return { properties: others, headers: isDeeperThan(headers, deepest) ? { 'nested too deeply': true } : headers }
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return false
  return depth === 0 || Object.values(value).some((each) => isDeeperThan(each, depth - 1))
}
