import { type ActiveSpan, type Tracing } from '../core/tracing.ts'
import type { Message, OutgoingEvent } from './message.ts'

/** Starts the span of one delivery; call on its arrival. */
export function startHandlingSpan(tracing: Tracing, message: Message, queue: string): ActiveSpan {
  const { name, traceparent, attempt } = message
  return tracing.start({
    name: `process ${name}`,
    kind: 'consumer',
    parent: traceparent,
    attributes: {
      ...attributesOf(message, 'process'),
      'messaging.destination.name': queue,
      'order_saga.attempt': attempt,
    },
  })
}

/**
 * Starts the span of an event in the outbox, from its insertion to the confirm, and its child span for the publication,
 * which is the parent of the handling span of each consumer.
 * @param now by the clock that set `createdAt`
 */
export function startOutboxSpan(tracing: Tracing, event: OutgoingEvent, exchange: string, now: Date): ActiveSpan {
  const { name, traceparent, createdAt } = event
  const attributes = { ...attributesOf(event, 'send'), 'messaging.destination.name': exchange }
  const outbox = tracing.start({
    name: `outbox ${name}`,
    kind: 'internal',
    parent: traceparent,
    ageMs: now.getTime() - createdAt.getTime(),
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
    end: (data) => {
      publishing.end(data)
      outbox.end(data)
    },
  }
}

interface EventIds {
  readonly eventId: string
  readonly sagaId: string
  readonly orderId: string
}

/** Names of OpenTelemetry's semantic conventions for messaging; those of this project begin with `order_saga`. */
function attributesOf({ eventId, sagaId, orderId }: EventIds, operation: 'send' | 'process'): Record<string, string> {
  return {
    'messaging.system': 'rabbitmq',
    'messaging.operation.type': operation,
    'messaging.message.id': eventId,
    'messaging.message.conversation_id': sagaId,
    'order_saga.order_id': orderId,
  }
}
