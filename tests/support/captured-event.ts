import type { ServiceName } from '@order-saga/contracts'
import type { ConsumeMessage, Options } from 'amqplib'

/** A complete message from the exchange, so that it can be published again unchanged. */
export interface CapturedEvent {
  readonly name: string
  readonly eventId: string
  readonly sagaId: string
  readonly orderId: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly timestamp: string
  readonly content: Buffer
  readonly options: Options.Publish
}

export function capturedEvent({ content, properties, fields }: ConsumeMessage): CapturedEvent {
  const body = JSON.parse(content.toString()) as Omit<CapturedEvent, 'name' | 'content' | 'options'>
  return { ...body, name: fields.routingKey, content, options: properties }
}

/** The same event under another id, as a service without a record of the first one would publish it. */
export function underNewId(event: CapturedEvent, eventId: string): CapturedEvent {
  const { sagaId, orderId, timestamp, payload, options } = event
  const content = Buffer.from(JSON.stringify({ eventId, sagaId, orderId, timestamp, payload }))
  return { ...event, eventId, content, options: { ...options, messageId: eventId } }
}

/** A delivery that is due: one event at one of its consumers. */
export interface Delivery {
  readonly event: CapturedEvent
  readonly to: ServiceName
}
