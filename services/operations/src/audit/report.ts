/** The checks, in the order of the report. The first six are the system's invariants 1 to 6. */
export const checks = {
  finality: 'every order is final, or refunding, in time',
  one_outcome: 'no order is both confirmed and cancelled',
  money: 'a cancelled order keeps no money, a confirmed one was charged its amount once',
  stock: 'a cancelled order holds no stock, a confirmed one took its quantities, and stock is balanced',
  events: 'each event takes effect once at each consumer, and none is lost',
  client_answers: 'every accepted order exists, and one key created one order',
  proofs: 'every confirmed order has seen a payment and a reservation that match it',
  retries: 'no message is stuck in a retry queue',
  dead_letters: 'no message is dead-lettered',
  parked_events: 'no event is parked',
  operator_acts: 'the record of operator acts is complete and unchanged',
} as const

export type CheckName = keyof typeof checks
export const checkNames = Object.keys(checks) as CheckName[]

/** Information that is no violation. */
export const topics = {
  in_flight: 'open orders before their deadline',
  open_compensations: 'orders with a requested refund that is not complete',
  unknown_outcomes: 'final orders whose charge or refund has an unknown outcome',
  unsettled: 'suspects that changed, or waited for an event, until the last check',
  late_ends: 'orders that became final long after their deadline',
  protocol_violations: 'orders whose saga received an event that violates the protocol or does not match',
  outstanding_events: 'published and not yet processed events',
  queues: 'messages in queues',
  operator_acts: 'length and last hash of the record of operator acts',
} as const

export type Topic = keyof typeof topics
export const topicNames = Object.keys(topics) as Topic[]

/** A count and the first ids, which bounds the size of the report. */
export interface Counted {
  readonly count: number
  readonly ids: readonly string[]
}

export interface CheckReport {
  readonly check: CheckName
  /** Number of the invariant; null for the checks after `client_answers`. */
  readonly invariant: number | null
  readonly guarantee: string
  /** @deprecated the same as `guarantee` */
  readonly promise: string
  /** `skipped`: its source was not given. */
  readonly result: 'kept' | 'violated' | 'skipped'
  readonly violations: number
  readonly kinds: readonly (Counted & { readonly kind: string })[]
}

export interface AuditReport {
  readonly clean: boolean
  readonly at: string
  readonly tookMs: number
  /** Checked orders, and events in the outboxes. */
  readonly orders: number
  readonly events: number
  readonly checks: readonly CheckReport[]
  readonly information: readonly (Counted & { readonly topic: Topic; readonly about: string })[]
}
