import type { QueueNames } from '@order-saga/contracts'
import { queuesOfServices, type ServiceQueues } from '../queues.ts'
import type { DeadLetter } from './dead-letter.ts'
import { groupOf } from './groups.ts'

export interface Selection {
  readonly ids?: readonly string[] | undefined
  /** A service, or one of its queues. */
  readonly queue?: string | undefined
  readonly event?: string | undefined
  /** Part of the reason, case-insensitive. */
  readonly reason?: string | undefined
  /** A group of `groupsOf`. */
  readonly group?: string | undefined
  readonly saga?: string | undefined
  readonly olderThanMs?: number | undefined
  readonly youngerThanMs?: number | undefined
}

/** The queues that may contain selected dead letters; none for an unknown queue. */
export function queuesFor({ queue }: Selection, names: QueueNames): ServiceQueues[] {
  return queuesOfServices(names).filter(
    ({ service, consumed, deadLetters }) =>
      queue === undefined || queue === service || queue === deadLetters || consumed.includes(queue),
  )
}

/** A consumed queue selects the messages consumed from it; a service or a dead-letter queue selects all its messages. */
export function isSelected(letter: DeadLetter, selection: Selection, { consumed }: ServiceQueues, now: Date): boolean {
  const { ids, queue, event, reason, group, saga, olderThanMs, youngerThanMs } = selection
  const ageMs = letter.deadLetteredAt === undefined ? undefined : now.getTime() - letter.deadLetteredAt.getTime()
  return (
    (ids === undefined || ids.includes(letter.id)) &&
    (queue === undefined || !consumed.includes(queue) || letter.queue === queue) &&
    (event === undefined || letter.event === event) &&
    (reason === undefined || letter.reason.toLowerCase().includes(reason.toLowerCase())) &&
    (group === undefined || groupOf(letter) === group) &&
    (saga === undefined || letter.sagaId === saga || letter.orderId === saga) &&
    (olderThanMs === undefined || (ageMs !== undefined && ageMs >= olderThanMs)) &&
    (youngerThanMs === undefined || (ageMs !== undefined && ageMs < youngerThanMs))
  )
}
