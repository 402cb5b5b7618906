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
  /** Null while the database is unavailable. */
  readonly state: { readonly pending: number; readonly oldestSeconds: number; readonly parked: number } | null
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
  /** Open sagas past their deadline, and refunds past the time for which they were requested. */
  readonly overdue: number
  /** The newest of each status, all together newest first. */
  readonly sagas: readonly SagaLine[]
  readonly outboxes: readonly OutboxLine[]
  /** Null while the broker is unavailable. */
  readonly queues: readonly QueueLine[] | null
}

export interface SagaPage {
  readonly sagas: readonly SagaLine[]
  /** The last saga of the page, after which the next page begins; null on the last page. */
  readonly next: string | null
}

export type TimelineStep =
  | {
      readonly kind: 'message'
      readonly at: string
      readonly from: ServiceName | 'customer'
      readonly to: ServiceName
      readonly event: string
      readonly detail: string
      readonly state: string
      /** What became of it: when it was processed, or why not. */
      readonly result: string
    }
  | {
      readonly kind: 'note'
      readonly at: string
      readonly service: ServiceName | 'customer' | 'operator'
      readonly what: string
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
  /** What each service has recorded of the order, in short; null while its database is unavailable. */
  readonly records: Readonly<Record<ServiceName, string | null>>
  readonly timeline: readonly TimelineStep[]
}

export interface ProblemDetails {
  readonly title?: string
  readonly detail?: string
}

export interface DeadLetterLine {
  /** The event's id, or a digest of what has none. */
  readonly id: string
  readonly service: ServiceName
  /** The queue it was consumed from. */
  readonly queue: string
  readonly event: string
  readonly sagaId?: string | undefined
  readonly reason: string
  readonly attempts: number
  readonly replays: readonly unknown[]
  readonly diedAt?: string | undefined
}

export interface DeadLetters {
  readonly deadLetters: readonly DeadLetterLine[]
  /** Services with more dead letters than are read here. */
  readonly tooMany: readonly { readonly service: ServiceName; readonly count: number }[]
}

/** What was done with dead letters; the missing were gone already, the failed are where they were. */
export interface DeadLetterOutcome {
  readonly done: number
  readonly missing: number
  readonly failed: number
}
