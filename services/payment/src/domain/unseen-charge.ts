import type { PaymentState } from './payment.ts'

/** No charge starts at or after the deadline. */
export function isExpired(deadline: Date, now: Date): boolean {
  return now >= deadline
}

/** A charge that was intended, and that the provider knows nothing of. */
export interface UnseenCharge {
  readonly state: PaymentState
  readonly deadline: Date
  /** Whether the provider would still know the key of a former request. */
  readonly mayRepeat: boolean
}

export interface ChargePatience {
  /** The longest a request to the provider lasts. */
  readonly timeLimitMs: number
  /** How long after that the provider may still carry it out. */
  readonly settleMs: number
}

/**
 * What is to be done about it: ask again, take it as never made, or look again later. A request may have been sent until
 * the deadline, by a process that has told nobody: only when the last of them is over is it sure that there is no charge.
 */
export function decideUnseenCharge(
  { state, deadline, mayRepeat }: UnseenCharge,
  now: Date,
  { timeLimitMs, settleMs }: ChargePatience,
): 'charge' | 'absent' | 'wait' {
  if (!isExpired(deadline, now) && !state.cancelSeen && !state.refundWanted) return mayRepeat ? 'charge' : 'wait'
  return now.getTime() - deadline.getTime() >= timeLimitMs + settleMs ? 'absent' : 'wait'
}
