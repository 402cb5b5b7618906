import {
  type QueueNames,
  secondaryQueuesOf,
  type ServiceName,
  services,
  deadLetterQueue,
  ownExchange,
  retryQueue,
  secondaryQueue,
} from '@order-saga/contracts'

/** A name is a short string (AMQP 0-9-1, section 4.2.5.3), so the limit is in bytes. */
const nameLimitBytes = 255

type Values = Readonly<Record<string, unknown>>

/**
 * Why the name cannot be that of the topic exchange: it is also the name of a service's own exchange, or of a queue that is
 * derived from a service's queue.
 */
export function exchangeNameProblem(name: string, all: Values): string | undefined {
  const problem = nameProblem(name)
  if (problem !== undefined) return problem
  for (const [service, queue] of queuesIn(all)) {
    const derived = derivedNameProblem(name, service, queue)
    if (derived !== undefined) return derived
  }
  return undefined
}

/** Why the name cannot be that of an exchange or a queue. */
function nameProblem(name: string): string | undefined {
  if (/\p{Cc}/u.test(name)) return 'must not contain control characters'
  if (name.startsWith('amq.')) return 'must not begin with amq., as the names of RabbitMQ do'
  const bytes = Buffer.byteLength(name)
  return bytes > nameLimitBytes ? `must have at most ${nameLimitBytes} bytes, but has ${bytes}` : undefined
}

/**
 * Why the name cannot be that of the service's queue: a name derived from it is too long, or it is the name of the topic
 * exchange, of another service's queue, or of a queue or exchange derived from that. Permissions do not distinguish queues
 * from exchanges (RabbitMQ, "Access Control").
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
  if (name === all['exchange']) return 'must not be the same as ORDER_EXCHANGE'
  for (const [other, theirs] of queuesIn(all)) {
    if (other === service) continue
    if (name === theirs) return `must not be the same as ${variableOf(other)}`
    const derived = derivedNameProblem(name, other, theirs)
    if (derived !== undefined) return derived
  }
  return undefined
}

function queuesIn(all: Values): (readonly [ServiceName, string])[] {
  return services.flatMap((service) => {
    const queue = all[`${service}Queue` satisfies keyof QueueNames]
    return typeof queue === 'string' ? [[service, queue] as const] : []
  })
}

function derivedNameProblem(name: string, service: ServiceName, queue: string): string | undefined {
  if (name === ownExchange(queue))
    return `must not be the name of the exchange that is derived from ${variableOf(service)}`
  return derivedNames(service, queue).includes(name) || isRetryQueueOf(queue, name)
    ? `must not be the name of a queue that is derived from ${variableOf(service)}`
    : undefined
}

function variableOf(service: ServiceName): string {
  return `${service.toUpperCase()}_QUEUE`
}

function derivedNames(service: ServiceName, queue: string): string[] {
  return [deadLetterQueue(queue), ...secondaryQueuesOf[service].map((name) => secondaryQueue(queue, name))]
}

/** Of any delay: the delays may change, and then the queue would change its purpose. */
function isRetryQueueOf(queue: string, name: string): boolean {
  const prefix = retryQueue(queue, 0).slice(0, -1)
  return name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length))
}
