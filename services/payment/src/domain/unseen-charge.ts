import type { PaymentState } from './payment.ts'

/** No charge starts at or after the deadline. */
export function isExpired(deadline: Date, now: Date): boolean {
  return now >= deadline
}

/** A charge whose intent is durable, and of which the provider has no record. */
export interface UnseenCharge {
  readonly state: PaymentState
  readonly deadline: Date
  /** Whether the provider still keeps the key of an earlier request. */
  readonly mayRepeat: boolean
}

/** How long after it was sent a request to charge can still take effect: both parts, in milliseconds. */
export interface ChargeWindow {
  /** Time limit of a request to the provider. */
  readonly timeLimitMs: number
  /** How long after the time limit the provider may still execute it. */
  readonly settleMs: number
}

/**
 * The next step for an unseen charge: request it again, conclude that it was never made, or query again later. Any process
 * may have sent a request until the deadline without recording it, so the absence of a charge is certain only when a
 * request sent at the deadline can no longer take effect.
 */
export function decideUnseenCharge(
  { state, deadline, mayRepeat }: UnseenCharge,
  now: Date,
  { timeLimitMs, settleMs }: ChargeWindow,
): 'charge' | 'absent' | 'wait' {
  if (!isExpired(deadline, now) && !state.cancelSeen && !state.refundWanted) return mayRepeat ? 'charge' : 'wait'
  return now.getTime() - deadline.getTime() >= timeLimitMs + settleMs ? 'absent' : 'wait'
}
