/** How long a request to charge can take effect, in milliseconds. */
export const chargeWindow = { timeLimitMs: 10_000, settleMs: 5_000 }
export const refundRetryMs = 30_000
export const deadlineMs = 90_000

/**
 * Time passes in leaps to the moments that make a difference: the order is accepted; all that was sent then is over, and
 * the deadline is a millisecond away; the deadline; all that was sent before the deadline is over.
 */
export const moments = [
  'at the start',
  'just before the deadline',
  'at the deadline',
  'when all requests sent before the deadline are over',
] as const
export type Moment = 0 | 1 | 2 | 3

const ms: readonly [number, number, number, number] = [
  0,
  deadlineMs - 1,
  deadlineMs,
  deadlineMs + chargeWindow.timeLimitMs + chargeWindow.settleMs,
]

export const dateOf = (moment: Moment): Date => new Date(ms[moment])
