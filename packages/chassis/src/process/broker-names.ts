import {
  type QueueNames,
  secondaryQueuesOf,
  type ServiceName,
  services,
  deadLetterQueue,
  retryQueue,
  secondaryQueue,
} from '@order-saga/contracts'

/** A name is a short string (AMQP 0-9-1, section 4.2.5.3), so the limit is in bytes. */
const nameLimitBytes = 255

type Values = Readonly<Record<string, unknown>>

/** Why the name cannot be that of an exchange or a queue. */
export function nameProblem(name: string): string | undefined {
  if (/\p{Cc}/u.test(name)) return 'must not contain control characters'
  if (name.startsWith('amq.')) return 'must not begin with amq., as the names of RabbitMQ do'
  const bytes = Buffer.byteLength(name)
  return bytes > nameLimitBytes ? `must have at most ${nameLimitBytes} bytes, but has ${bytes}` : undefined
}

/**
 * Why the name cannot be that of the service's queue: the name of one of its derived queues is too long, or it is the name
 * of another service's queue or of a queue derived from that.
 */
export function queueNameProblem(service: ServiceName, name: string, all: Values): string | undefined {
  const own = nameProblem(name)
  if (own !== undefined) return own
  const delays = (all['retryDelaysMs'] ?? []) as readonly number[]
  const bytes = Buffer.byteLength(name)
  const suffixes = [...derivedNames(service, ''), ...delays.map((delayMs) => retryQueue('', delayMs))]
  const longest = suffixes.toSorted((one, other) => Buffer.byteLength(other) - Buffer.byteLength(one))[0] ?? ''
  const limit = nameLimitBytes - Buffer.byteLength(longest)
  if (bytes > limit) {
    return `must have at most ${limit} bytes, but has ${bytes}: with the suffix ${longest} it is the name of another queue`
  }
  for (const other of services) {
    const theirs = all[`${other}Queue` satisfies keyof QueueNames]
    if (other === service || typeof theirs !== 'string') continue
    const variable = `${other.toUpperCase()}_QUEUE`
    if (name === theirs) return `must not be the same as ${variable}`
    if (derivedNames(other, theirs).includes(name) || isRetryQueueOf(theirs, name)) {
      return `must not be the name of a queue that is derived from ${variable}`
    }
  }
  return undefined
}

function derivedNames(service: ServiceName, queue: string): string[] {
  return [deadLetterQueue(queue), ...secondaryQueuesOf[service].map((name) => secondaryQueue(queue, name))]
}

/** Of any delay: the delays may change, and then the queue would change its purpose. */
function isRetryQueueOf(queue: string, name: string): boolean {
  const prefix = retryQueue(queue, 0).slice(0, -1)
  return name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length))
}
