import { type ActiveSpan, type Tracing } from '../core/tracing.ts'
import type { Message, OutgoingEvent } from './message.ts'

/** The handling of one delivery, from its arrival; what it causes becomes a part of it. */
export function handlingSpan(tracing: Tracing, message: Message, queue: string, arrived: number): ActiveSpan {
  const { name, traceparent, attempt } = message
  return tracing.start({
    name: `process ${name}`,
    kind: 'consumer',
    parent: traceparent,
    startedAt: new Date(arrived),
    attributes: {
      ...attributesOf(message, 'process'),
      'messaging.destination.name': queue,
      'order_saga.attempt': attempt,
    },
  })
}

/**
 * The time of one event in the outbox, from its birth to the broker's confirm, and in it the publishing, which the
 * handling at each consumer becomes a part of.
 */
export function outboxSpan(tracing: Tracing, event: OutgoingEvent, exchange: string): ActiveSpan {
  const { name, traceparent, createdAt } = event
  const attributes = { ...attributesOf(event, 'send'), 'messaging.destination.name': exchange }
  const outbox = tracing.start({
    name: `outbox ${name}`,
    kind: 'internal',
    parent: traceparent,
    startedAt: createdAt,
    attributes,
  })
  const publishing = tracing.start({
    name: `publish ${name}`,
    kind: 'producer',
    parent: outbox.traceparent,
    attributes,
  })
  return {
    traceparent: publishing.traceparent,
    end: (how) => {
      publishing.end(how)
      outbox.end(how)
    },
  }
}

interface About {
  readonly eventId: string
  readonly sagaId: string
  readonly orderId: string
}

/** Names of OpenTelemetry's semantic conventions for messaging; ours begin with `order_saga`. */
function attributesOf({ eventId, sagaId, orderId }: About, operation: 'send' | 'process'): Record<string, string> {
  return {
    'messaging.system': 'rabbitmq',
    'messaging.operation.type': operation,
    'messaging.message.id': eventId,
    'messaging.message.conversation_id': sagaId,
    'order_saga.order_id': orderId,
  }
}
