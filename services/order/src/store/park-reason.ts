import { type QueueNames, serviceQueues } from '@order-saga/contracts'

/** Why an event is parked; without a bound queue the routing key, and the queues that should be bound to it. */
export function parkReasonInWords(reason: string, event: string, names: QueueNames): string {
  if (reason === 'unpublishable') return 'it is too large for a message, or has no form in AMQP'
  return reason === 'unroutable' ? unroutableInWords(event, names) : reason
}

export function unroutableInWords(event: string, names: QueueNames): string {
  const queues = serviceQueues(names).filter(({ events }) => events.some(({ name }) => name === event))
  const expected =
    queues.length === 0 ? 'no service consumes it' : `expected ${queues.map(({ queue }) => queue).join(', ')}`
  return `unroutable: no queue is bound to routing key ${event}; ${expected}`
}
