import type { ServiceName } from '@order-saga/contracts'
import type { SagaInput, SagaOutput, SagaState } from './saga.ts'

/** What is known of a saga when it is explained. */
export interface SagaFacts {
  readonly state: SagaState
  readonly createdAt: Date
  readonly deadline: Date
  readonly finishedAt: Date | null
  /** When it came to where it stands. */
  readonly since: Date
  readonly refundRequests: number
  readonly refundDueAt: Date | null
  readonly amount: string
  readonly currency: string
  readonly items: readonly { readonly sku: string; readonly qty: number }[]
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
 * What is, or would be, undone. `possible`: if it turns out to have happened. `due`: as soon as the saga is cancelled.
 * `requested`: asked for, and not answered, or never to be.
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
  readonly deadline: {
    readonly at: Date
    readonly passed: boolean
    /** What the deadline does to the saga as it stands; null when nothing. */
    readonly leadsTo: { readonly becomes: SagaState; readonly publishes: readonly SagaOutput[] } | null
  }
  readonly refund: { readonly requests: number; readonly askedAgainAt: Date | null } | null
  /** Everything that may still move it, from the saga's own table. */
  readonly next: readonly NextStep[]
  readonly undo: readonly Undo[]
}
