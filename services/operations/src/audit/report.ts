/** What the audit checks, in the order of its report. The first six are the system's invariants 1 to 6. */
export const checks = {
  finality: 'every order is final, or refunding, in time',
  one_outcome: 'no order is both confirmed and cancelled',
  money: 'a cancelled order keeps no money, a confirmed one was charged its amount once',
  stock: 'a cancelled order holds no stock, a confirmed one took its quantities, and stock adds up',
  events: 'each event takes effect once at each consumer, and none is lost',
  client_answers: 'an order that was accepted is there, and one key gave one order',
  dead_letters: 'no message was given up',
  parked_events: 'no event was set aside unpublished',
} as const

export type CheckName = keyof typeof checks
export const checkNames = Object.keys(checks) as CheckName[]

/** What is worth knowing and no violation. */
export const topics = {
  in_flight: 'orders still on their way',
  open_compensations: 'orders whose refund was asked for and is not back yet',
  unknown_outcomes: 'ended orders whose charge or refund is still under way',
  unsettled: 'orders that kept changing, or waited for an event, while they were looked at again',
  late_ends: 'orders that came to their end long after their deadline',
  outstanding_events: 'published events that wait for their consumer',
  queues: 'messages in queues',
} as const

export type Topic = keyof typeof topics
export const topicNames = Object.keys(topics) as Topic[]

/** How many, and the first of their ids: a report stays small however bad things are. */
export interface Counted {
  readonly count: number
  readonly ids: readonly string[]
}

export interface CheckReport {
  readonly check: CheckName
  /** Position among the system's invariants; null for the two lines that stand beside them. */
  readonly invariant: number | null
  readonly promise: string
  /** `skipped`: what it needs was not given. */
  readonly result: 'kept' | 'violated' | 'skipped'
  readonly violations: number
  /** The violations by what is wrong. */
  readonly kinds: readonly (Counted & { readonly kind: string })[]
}

export interface AuditReport {
  /** No violation. */
  readonly clean: boolean
  readonly at: string
  readonly tookMs: number
  /** Orders, and events still in the outboxes, that were looked at. */
  readonly orders: number
  readonly events: number
  readonly checks: readonly CheckReport[]
  readonly information: readonly (Counted & { readonly topic: Topic; readonly about: string })[]
}
