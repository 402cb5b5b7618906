import type { OrderFacts } from './order-facts.ts'
import type { CheckName } from './report.ts'
import type { GatewayLedger } from './sources.ts'

/** Something wrong with one order, if it is still so when the order is looked at again. */
export interface Finding {
  readonly check: CheckName
  /** What is wrong, as it reads before a list of order ids. */
  readonly kind: string
  /** The order's next event may put it right, so it is no violation while one is on its way. */
  readonly mayComeRight: boolean
}

export interface CheckContext {
  readonly now: Date
  readonly toleranceMs: number
  /** A saga made since then has all its events in the outboxes still. */
  readonly outboxSince: Date
  readonly gateway?: GatewayLedger | undefined
}

/** Pure: looks at one order's facts and says what they break. */
export type OrderCheck = (facts: OrderFacts, context: CheckContext) => Finding[]

/** Wrong whatever comes next. */
export function wrong(check: CheckName, kind: string): Finding {
  return { check, kind, mayComeRight: false }
}

/** Wrong once the order has come to rest. */
export function wrongAtRest(check: CheckName, kind: string): Finding {
  return { check, kind, mayComeRight: true }
}

/** Whether the instant is longer ago than things may take. */
export function isLongAgo(at: Date, { now, toleranceMs }: CheckContext): boolean {
  return now.getTime() - at.getTime() > toleranceMs
}
