import { randomUUID } from 'node:crypto'
import { PaymentRefundRequested } from '@order-saga/contracts'
import type { ConsumeMessage } from 'amqplib'
import { encode, type OutgoingEvent, propertiesOf } from '../../src/messaging/message.ts'

/** An event to be published: a refund request unless overridden. */
export function outgoing(more: Partial<OutgoingEvent> = {}): OutgoingEvent {
  return {
    eventId: randomUUID(),
    sagaId: randomUUID(),
    orderId: randomUUID(),
    name: PaymentRefundRequested.name,
    version: 1,
    createdAt: new Date(),
    causationId: undefined,
    traceparent: undefined,
    payload: '{"reason":"no stock"}',
    ...more,
  }
}

/** The event as a consumer receives it, unchanged unless overridden. */
export function delivered(
  event: OutgoingEvent,
  more: { content?: Buffer; fields?: object; properties?: object } = {},
): ConsumeMessage {
  return {
    content: more.content ?? encode(event),
    fields: {
      deliveryTag: 1,
      redelivered: false,
      exchange: 'order.topic',
      routingKey: event.name,
      consumerTag: 'test',
      ...more.fields,
    },
    properties: { ...propertiesOf(event), ...more.properties },
  } as ConsumeMessage
}
