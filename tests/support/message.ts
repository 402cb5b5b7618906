import type { Message } from '@order-saga/chassis'
import { v7 as uuidv7 } from 'uuid'

/** A first delivery of an event, as the consumer passes it to a reaction. */
export function deliveredMessage(name: string, payload: object, more: Partial<Message> = {}): Message {
  return {
    name,
    payload,
    eventId: uuidv7(),
    sagaId: uuidv7(),
    orderId: uuidv7(),
    timestamp: new Date(),
    attempt: 1,
    redelivered: false,
    deliveryCount: 0,
    traceparent: undefined,
    ...more,
  }
}
