/** What the console's routes answer: known to the process that makes it and to the page that shows it. */

export type ServiceName = 'order' | 'payment' | 'inventory' | 'notification'
export type SagaStatus = 'pending' | 'payment_completed' | 'refunding' | 'completed' | 'cancelled' | 'timeout_cancelled'

export interface SagaLine {
  readonly sagaId: string
  readonly orderId: string
  readonly customerId: string | null
  readonly status: SagaStatus
  readonly reason: string | null
  readonly compensation: string
  readonly amount: string
  readonly currency: string
  readonly createdAt: string
  readonly deadline: string
  readonly finishedAt: string | null
}

/** A count that stops at a limit: `more` says that there are more than these. */
export interface Count {
  readonly count: number
  readonly more: boolean
}

export interface OutboxLine {
  readonly service: ServiceName
  readonly state: 'answered' | 'not_asked' | 'no_answer'
  readonly pending: number
  readonly oldestSeconds: number
  readonly parked: number
}

/** A queue that is consumed, and how many messages of it wait beside it. */
export interface QueueLine {
  readonly queue: string
  /** Ready; those a consumer holds are not among them. Null, as the others, when the broker has no such queue. */
  readonly messages: number | null
  readonly consumers: number | null
  /** Set only for a service's own queue, which its lanes share them with. */
  readonly retrying: number | null
  readonly deadLetters: number | null
}

export interface Overview {
  readonly mode: 'read-only' | 'full'
  readonly counts: Readonly<Record<SagaStatus, Count>>
  /** Open sagas past their deadline, and refunds past the time for which they were asked. */
  readonly overdue: number
  /** The newest of each status, all together newest first. */
  readonly sagas: readonly SagaLine[]
  readonly outboxes: readonly OutboxLine[]
  /** Null when the broker does not answer. */
  readonly queues: readonly QueueLine[] | null
}

export interface SagaPage {
  readonly sagas: readonly SagaLine[]
  readonly nextCursor: string | null
}

export type MessageState = 'in_outbox' | 'parked' | 'on_its_way' | 'in_hand' | 'handled' | 'dead_lettered' | 'unknown'

export type TimelineStep =
  | {
      readonly kind: 'message'
      readonly at: string
      readonly from: ServiceName | 'customer'
      readonly to: ServiceName
      readonly event: string
      readonly detail: string
      readonly state: MessageState
      /** What an operator should know of it: attempts, why it was parked or ignored. */
      readonly note: string
      readonly handledAt: string | null
    }
  | {
      readonly kind: 'note'
      readonly at: string
      readonly service: ServiceName
      readonly text: string
    }

export interface Participant {
  readonly service: ServiceName
  /** Whether it was asked what it knows; the rest of the timeline comes from what the order service knows itself. */
  readonly state: 'answered' | 'not_asked' | 'no_answer'
  /** What it holds of the order: "charged 12.50 USD". */
  readonly holds: string
}

export interface SagaDetail extends SagaLine {
  readonly items: readonly { readonly sku: string; readonly qty: number }[]
  /** In plain words. */
  readonly explanation: string
  readonly atRest: boolean
  readonly waitsFor: {
    readonly service: ServiceName
    readonly events: readonly string[]
    readonly since: string
    readonly usually: { readonly p50Ms: number; readonly p95Ms: number; readonly sagas: number } | null
  } | null
  readonly participants: readonly Participant[]
  readonly steps: readonly TimelineStep[]
}

export interface ProblemDetails {
  readonly title?: string
  readonly detail?: string
}

export interface DeadLetterLine {
  /** The event's id, or a digest of what has none. */
  readonly id: string
  readonly service: ServiceName
  /** Where it died. */
  readonly queue: string
  readonly event: string
  readonly sagaId: string | null
  readonly reason: string
  readonly attempts: number
  readonly replays: number
  readonly diedAt: string | null
}

export interface DeadLetters {
  readonly deadLetters: readonly DeadLetterLine[]
  /** Services with more dead letters than are looked through here. */
  readonly tooMany: readonly { readonly service: ServiceName; readonly count: number }[]
}

/** What an act on dead letters did; the missing were gone already, the failed are where they were. */
export interface DeadLetterOutcome {
  readonly done: number
  readonly missing: number
  readonly failed: number
}
