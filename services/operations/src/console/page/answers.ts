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
  /** Events it received that violate the protocol or do not match its order. */
  readonly violations: number
  /** The kinds of what blocks it, the first to act on first. */
  readonly blockedBy: readonly string[]
}

/** A count up to a limit; `more`: the limit was exceeded. */
export interface Count {
  readonly count: number
  readonly more: boolean
}

export interface OutboxLine {
  readonly service: ServiceName
  /** Null while the database is unavailable. */
  readonly state: { readonly pending: number; readonly oldestSeconds: number; readonly parked: number } | null
}

export interface QueueLine {
  readonly queue: string
  /** Ready messages, without unacknowledged ones. Null, as the other counts, if the queue does not exist. */
  readonly messages: number | null
  readonly consumers: number | null
  /** Set only for the service's own queue: its secondary queues share retry queues and dead-letter queue with it. */
  readonly retrying: number | null
  readonly deadLetters: number | null
}

export interface Overview {
  readonly mode: 'read-only' | 'full'
  readonly counts: Readonly<Record<SagaStatus, Count>>
  /** Open sagas past their deadline, and refunds past their due time. */
  readonly overdue: number
  /** Sagas with violations. */
  readonly violated: Count
  /** The newest of each status and of those with violations, newest first. */
  readonly sagas: readonly SagaLine[]
  readonly outboxes: readonly OutboxLine[]
  /** Null while the broker is unavailable. */
  readonly queues: readonly QueueLine[] | null
}

export interface SagaPage {
  readonly sagas: readonly SagaLine[]
  /** Last id of the page, for `after`; null on the last page. */
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
      /** Time of processing, or the reason why it is not processed. */
      readonly result: string
      readonly isBlocked: boolean
    }
  | {
      readonly kind: 'note'
      readonly at: string
      readonly service: ServiceName | 'customer' | 'operator'
      readonly description: string
    }

/** Cause and next step, for the banner; the first is the one to act on. */
export interface BlockerLine {
  readonly kind: string
  readonly cause: string
  readonly action: string
  readonly service: ServiceName
  readonly since: string | null
  readonly eventId: string | null
  /** Name of a page in docs/runbooks. */
  readonly runbook: string
}

export interface SagaDetail extends SagaLine {
  readonly items: readonly { readonly sku: string; readonly qty: number }[]
  readonly explanation: string
  readonly atRest: boolean
  readonly blockers: readonly BlockerLine[]
  /** Base URL of the runbooks; empty if none is configured. */
  readonly runbooks: string
  readonly waitsFor: {
    readonly service: ServiceName
    readonly events: readonly string[]
    readonly since: string
    readonly usually: { readonly p50Ms: number; readonly p95Ms: number; readonly sagas: number } | null
  } | null
  /** Summary of each service's record of the order; null while its database is unavailable. */
  readonly records: Readonly<Record<ServiceName, string | null>>
  readonly timeline: readonly TimelineStep[]
}

export interface ProblemDetails {
  readonly title?: string
  readonly detail?: string
}

export interface DeadLetterLine {
  /** The event's id, or a digest of a message without one. */
  readonly id: string
  readonly service: ServiceName
  readonly queue: string
  readonly event: string
  readonly group: string
  readonly failure?: DeadLetterFailure | undefined
  readonly sagaId?: string | undefined
  readonly reason: string
  readonly attempts: number
  readonly replays: readonly unknown[]
  readonly deadLetteredAt?: string | undefined
}

/** The cause that the consumer recorded. */
export interface DeadLetterFailure {
  readonly chain: readonly string[]
  readonly sqlState?: string
  readonly statement?: string
  readonly table?: string
  readonly constraint?: string
  readonly where?: string
  readonly stack?: string
}

/** Dead letters with the same event, queue and reason without ids and numbers. */
export interface DeadLetterGroupLine {
  readonly group: string
  readonly event: string
  readonly queue: string
  readonly reason: string
  readonly count: number
  readonly first: string | null
  readonly last: string | null
}

export interface ParkedEventLine {
  readonly eventId: string
  readonly store: ServiceName
  readonly event: string
  readonly sagaId: string
  readonly reason: string
  readonly attempts: number
  readonly parkedAt: string
}

export interface ParkedEvents {
  readonly events: readonly ParkedEventLine[]
  readonly more: boolean
}

export interface DeadLetters {
  readonly groups: readonly DeadLetterGroupLine[]
  readonly deadLetters: readonly DeadLetterLine[]
  /** Services with more dead letters than the console reads. */
  readonly tooMany: readonly { readonly service: ServiceName; readonly count: number }[]
}

/** `missing`: no longer in the queue; `failed`: still in the queue, for one of the reasons `failures`. */
export interface DeadLetterOutcome {
  readonly done: number
  readonly missing: number
  readonly failed: number
  readonly failures?: readonly string[]
}
