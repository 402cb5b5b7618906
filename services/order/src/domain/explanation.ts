import type { ServiceName } from '@order-saga/contracts'
import type { Blocker } from './blockers.ts'
import type { SagaInput, SagaOutput, SagaState } from './saga.ts'

/** The record that another service has of the order. */
export interface ServiceRecord {
  readonly status: string
  /** Of the effect in flight at the payment provider: attempts that ended without a result. */
  readonly attempts?: number
}

/** A session that holds a lock which the work on a saga needs. */
export interface LockingSession {
  readonly service: ServiceName
  /** Null for a prepared transaction. */
  readonly pid: number | null
  readonly application: string | null
  /** The locked object: a row of the saga, or rows that the service waits for. */
  readonly what: string
  readonly isRow: boolean
  /** Start of its last statement and of its transaction; null without the right to see it. */
  readonly since: Date | null
  readonly transactionSince: Date | null
}

/** A circuit breaker that is open in a process of the service. */
export interface OpenBreaker {
  readonly service: ServiceName
  readonly dependency: string
  readonly since: Date
}

/** The consumer's queue: its counts, and whether it is bound to the event; undefined if that was not read. */
export interface QueueFacts {
  readonly ready: number
  readonly consumers: number
  readonly retrying: number
  readonly isBound?: boolean | undefined
}

/** A retry queue that contains an event. `stuck`: the broker has not returned it long after its delay.
 * `unreadable`: only a newer release of the consumer reads it. */
export interface RetryFacts {
  readonly queue: string
  readonly state: 'waiting' | 'unreadable' | 'stuck' | 'unknown'
  readonly attempt: number
  readonly reason: string
}

/** An event of the saga that one of its consumers has not processed. */
export interface UndeliveredEvent {
  readonly event: string
  readonly from: ServiceName
  readonly to: ServiceName
  readonly state: 'dead_lettered' | 'parked' | 'in_outbox' | 'in_progress' | 'in_flight'
  readonly eventId?: string | undefined
  /** Of a dead letter: the queue it was consumed from; in flight: the consumer's queue. */
  readonly queue?: string | undefined
  readonly broker?: QueueFacts | undefined
  readonly retry?: RetryFacts | undefined
  /** In the outbox: why the broker did not accept it, when no queue is bound. */
  readonly unroutable?: string | undefined
  /** Why it was dead-lettered or parked. */
  readonly reason?: string | undefined
  /** When it came to this state, as far as that is recorded. */
  readonly since?: Date | null | undefined
}

/** The facts about a saga. The order service knows its own part, an operator's tool the rest. */
export interface SagaFacts {
  readonly state: SagaState
  readonly createdAt: Date
  readonly deadline: Date
  readonly finishedAt: Date | null
  /** When it came to its present state: see `stateSince`. */
  readonly since: Date
  readonly refundRequests: number
  readonly refundDueAt: Date | null
  readonly amount: string
  readonly currency: string
  readonly items: readonly { readonly sku: string; readonly qty: number }[]
  /** Null where a service has no record of the order; absent where its record was not read. */
  readonly payment?: ServiceRecord | null | undefined
  readonly reservation?: ServiceRecord | null | undefined
  /** In the order in which the events were appended; absent where outboxes, inboxes and dead letters were not read. */
  readonly undelivered?: readonly UndeliveredEvent[] | undefined
  readonly locks?: readonly LockingSession[] | undefined
  readonly breakers?: readonly OpenBreaker[] | undefined
}

/** The three answers a saga waits for: payment's on the order, inventory's on the payment, payment's on the refund. */
export type Step = 'payment' | 'stock' | 'refund'

/** How long a step took, in milliseconds, over the newest sagas that have taken it. */
export interface StepTimes {
  readonly p50Ms: number
  readonly p95Ms: number
  readonly sagas: number
}

/** An event of another service, or a moment, that leads on from here; and where to. */
export interface NextStep {
  readonly on: SagaInput['on']
  readonly from: ServiceName
  readonly becomes: SagaState
  readonly publishes: readonly SagaOutput[]
}

/**
 * A compensation. `possible`: if there turns out to be something to compensate. `due`: as soon as the saga is cancelled.
 * `requested`: requested and not answered, or never to be.
 */
export type Undo =
  | {
      readonly what: 'refund'
      readonly state: 'possible' | 'due' | 'requested' | 'done'
      readonly amount: string
      readonly currency: string
    }
  | { readonly what: 'release'; readonly state: 'possible' | 'requested'; readonly items: SagaFacts['items'] }

export interface Explanation {
  /** All of it in plain words. */
  readonly text: string
  /** Nothing is expected to happen any more. */
  readonly atRest: boolean
  readonly waitsFor: {
    readonly step: Step
    readonly service: ServiceName
    readonly events: readonly SagaInput['on'][]
    readonly since: Date
    readonly forMs: number
    /** Null while too few sagas have taken the step. */
    readonly usually: StepTimes | null
    readonly longerThanUsual: boolean
  } | null
  /** The first thing that has to happen, as precisely as the facts allow; null when the saga is complete. */
  readonly needs: { readonly what: string; readonly from: ServiceName; readonly since: Date | null } | null
  /** All that keeps it from the next step, the first to act on first. */
  readonly blockers: readonly Blocker[]
  readonly deadline: {
    readonly at: Date
    readonly passed: boolean
    /** The effect of the deadline on the present state; null if it has none. */
    readonly leadsTo: { readonly becomes: SagaState; readonly publishes: readonly SagaOutput[] } | null
  }
  readonly refund: { readonly requests: number; readonly requestedAgainAt: Date | null } | null
  /** Everything that may still move it, from the saga's own table. */
  readonly next: readonly NextStep[]
  readonly undo: readonly Undo[]
}
