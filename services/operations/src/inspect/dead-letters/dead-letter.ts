import { createHash } from 'node:crypto'
import type { ServiceName } from '@order-saga/contracts'
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
  /** The event's id; without one the message id; without both a digest of the body. */
  readonly id: string
  readonly service: ServiceName
  /** The queue from which it was consumed. */
  readonly queue: string
  readonly event: string
  readonly eventId: string | undefined
  readonly sagaId: string | undefined
  readonly orderId: string | undefined
  readonly reason: string
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
  readonly 'routing-keys'?: unknown
}

export interface FoundLetter {
  readonly letter: DeadLetter
  readonly message: ConsumeMessage
}

/** Reads a message of a dead-letter queue; every field has a default for malformed messages. */
export function deadLetterOf(message: ConsumeMessage, { service, consumed }: ServiceQueues): DeadLetter {
  const { content, properties } = message
  const headers: Record<string, unknown> = properties.headers ?? {}
  const death = brokerDeath(headers)
  const { eventId, sagaId, orderId } = idsIn(content)
  const messageId = text(properties.messageId)
  const deadLetteredAt = timestampOf(death?.time) ?? date(headers['dead-lettered-at'])
  return {
    id: eventId ?? messageId ?? `sha256:${createHash('sha256').update(content).digest('hex').slice(0, 16)}`,
    service,
    queue: consumed.find((queue) => queue === (death?.queue ?? headers['queue'])) ?? consumed[0],
    event: nameOf(message),
    eventId,
    sagaId,
    orderId,
    reason: text(death?.reason) ?? text(headers['reason']) ?? 'unknown',
    attempts: count(headers['attempt']),
    firstFailure: date(headers['first-failure']),
    deadLetteredAt,
    diedAt: deadLetteredAt,
    replays: replaysIn(headers),
    bytes: content.byteLength,
  }
}

/** The event's name: the property `type`; without it the first routing key of a message that the broker dead-lettered. */
export function nameOf({ properties, fields }: ConsumeMessage): string {
  const death = brokerDeath(properties.headers ?? {})
  const [published] = Array.isArray(death?.['routing-keys']) ? (death['routing-keys'] as unknown[]) : []
  return text(properties.type) ?? text(published) ?? fields.routingKey
}

export function replaysIn(headers: Readonly<Record<string, unknown>>): PastReplay[] {
  const past: unknown = headers['replays']
  if (typeof past !== 'string') return []
  try {
    const list: unknown = JSON.parse(past)
    // Release 0.1.0 wrote only `diedAt`.
    return Array.isArray(list)
      ? (list as PastReplay[]).map((each) => ({ ...each, deadLetteredAt: each.deadLetteredAt ?? each.diedAt }))
      : []
  } catch {
    return []
  }
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
  const seconds = Number((time as { value?: unknown } | undefined)?.value)
  return Number.isFinite(seconds) ? new Date(seconds * 1000) : undefined
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

export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function count(value: unknown): number {
  return Number.isInteger(value) && (value as number) > 0 ? (value as number) : 1
}

function date(value: unknown): Date | undefined {
  const at = new Date(typeof value === 'string' ? value : Number.NaN)
  return Number.isNaN(at.getTime()) ? undefined : at
}

export function bodyOf(content: Buffer): unknown {
  const body = content.toString('utf8')
  try {
    return JSON.parse(body) as unknown
  } catch {
    return body
  }
}
