import { type DeadLetter, deadLetterQueue, type DeadLetterPlace, secondaryQueue } from '@order-saga/chassis'
import { catalogue, secondaryQueuesOf, type QueueNames, type ServiceName, services } from '@order-saga/contracts'
import { UsageError } from '../result.ts'

/** Which dead letters are meant; all of them when it says nothing. */
export interface Selection {
  /** Ids, as `list` shows them. */
  readonly ids?: readonly string[] | undefined
  /** A service, or one of its queues. */
  readonly queue?: string | undefined
  readonly event?: string | undefined
  /** Part of the reason, in any case. */
  readonly reason?: string | undefined
  readonly saga?: string | undefined
  readonly olderThanMs?: number | undefined
  readonly youngerThanMs?: number | undefined
}

/** The dead-letter queues that can hold what is meant. @throws UsageError for a queue of no service */
export function queuesFor({ queue }: Selection, names: QueueNames): DeadLetterPlace[] {
  const all = services.map((service) => ({
    service,
    name: deadLetterQueue(names[`${service}Queue`]),
    queues: queuesOf(service, names),
  }))
  if (queue === undefined) return all
  const meant = all.filter(
    ({ service, name }) => queue === service || queue === name || queuesOf(service, names).includes(queue),
  )
  if (meant.length > 0) return meant
  const known = services.flatMap((service) => queuesOf(service, names))
  throw new UsageError(`--queue ${queue} is no queue of the system: give ${services.join(', ')}, ${known.join(', ')}.`)
}

/** @throws UsageError for an event the system does not have */
export function assertEvent(event: string | undefined): void {
  const names = catalogue.map(({ name }) => name as string)
  if (event === undefined || names.includes(event)) return
  throw new UsageError(`--event ${event} is no event of the system: give one of ${names.join(', ')}.`)
}

export function isMeant(letter: DeadLetter, selection: Selection, names: QueueNames, now: Date): boolean {
  const { ids, queue, event, reason, saga, olderThanMs, youngerThanMs } = selection
  const ageMs = letter.diedAt === undefined ? undefined : now.getTime() - letter.diedAt.getTime()
  return (
    (ids === undefined || ids.includes(letter.id)) &&
    (queue === undefined || !isWorkingQueue(queue, letter.service, names) || letter.queue === queue) &&
    (event === undefined || letter.event === event) &&
    (reason === undefined || letter.reason.toLowerCase().includes(reason.toLowerCase())) &&
    (saga === undefined || letter.sagaId === saga || letter.orderId === saga) &&
    (olderThanMs === undefined || (ageMs !== undefined && ageMs >= olderThanMs)) &&
    (youngerThanMs === undefined || (ageMs !== undefined && ageMs < youngerThanMs))
  )
}

/** The name of a queue means what died there; that of a service or of a dead-letter queue all that lies in it. */
function isWorkingQueue(queue: string, service: ServiceName, names: QueueNames): boolean {
  return queuesOf(service, names).includes(queue)
}

/** Whether everything in the queues is meant, without a word about which. */
export function isEverything(selection: Selection): boolean {
  return Object.values(selection).every((value) => value === undefined)
}

/** The service's main queue and its secondary queues. */
function queuesOf(service: ServiceName, names: QueueNames): string[] {
  const queue = names[`${service}Queue`]
  return [queue, ...secondaryQueuesOf[service].map((name) => secondaryQueue(queue, name))]
}
