import type { OrderFacts } from './order-facts.ts'
import type { CheckName } from './report.ts'
import type { GatewayLedger } from './sources.ts'

export interface Finding {
  readonly check: CheckName
  readonly kind: string
  /** The next event of the order may correct it, so it is no violation while one is in flight. */
  readonly isTransient: boolean
}

export interface CheckContext {
  readonly now: Date
  readonly toleranceMs: number
  /** The outboxes still hold all events of sagas created since then. */
  readonly outboxSince: Date
  readonly gateway?: GatewayLedger | undefined
}

/** Checks the facts of one order. Pure. */
export type OrderCheck = (facts: OrderFacts, context: CheckContext) => Finding[]

/** A violation that no later event can correct. */
export function violation(check: CheckName, kind: string): Finding {
  return { check, kind, isTransient: false }
}

/** A violation unless an event of the order is in flight. */
export function unlessInFlight(check: CheckName, kind: string): Finding {
  return { check, kind, isTransient: true }
}

export function isLongAgo(at: Date, { now, toleranceMs }: CheckContext): boolean {
  return now.getTime() - at.getTime() > toleranceMs
}
