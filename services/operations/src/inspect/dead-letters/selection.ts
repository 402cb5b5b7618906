import type { QueueNames } from '@order-saga/contracts'
import { queuesOfServices, type ServiceQueues } from '../queues.ts'
import type { DeadLetter } from './dead-letter.ts'

/** Which dead letters are selected; all of them when no criterion is given. */
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

/** The services whose dead-letter queue can hold what is selected; none for a queue of no service. */
export function queuesFor({ queue }: Selection, names: QueueNames): ServiceQueues[] {
  return queuesOfServices(names).filter(
    ({ service, consumed, deadLetters }) =>
      queue === undefined || queue === service || queue === deadLetters || consumed.includes(queue),
  )
}

/** A queue that is consumed selects what was consumed from it; a service or a dead-letter queue selects all it holds. */
export function isSelected(letter: DeadLetter, selection: Selection, { consumed }: ServiceQueues, now: Date): boolean {
  const { ids, queue, event, reason, saga, olderThanMs, youngerThanMs } = selection
  const ageMs = letter.diedAt === undefined ? undefined : now.getTime() - letter.diedAt.getTime()
  return (
    (ids === undefined || ids.includes(letter.id)) &&
    (queue === undefined || !consumed.includes(queue) || letter.queue === queue) &&
    (event === undefined || letter.event === event) &&
    (reason === undefined || letter.reason.toLowerCase().includes(reason.toLowerCase())) &&
    (saga === undefined || letter.sagaId === saga || letter.orderId === saga) &&
    (olderThanMs === undefined || (ageMs !== undefined && ageMs >= olderThanMs)) &&
    (youngerThanMs === undefined || (ageMs !== undefined && ageMs < youngerThanMs))
  )
}
