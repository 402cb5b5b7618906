/** The number of orders to prefill. */
export interface PrefillSize {
  /** Confirmed orders. */
  readonly orders: number
  /** The newest of them, which also have rows in outboxes and inboxes. */
  readonly published: number
}

/** Consecutive sagas, evenly distributed over a time in the past. */
export interface TimeWindow {
  /** The number of the first saga. */
  readonly first: number
  readonly count: number
  readonly fromMs: number
  readonly toMs: number
  /** With rows in outboxes and inboxes. */
  readonly withMessages: boolean
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/**
 * The windows of a prefill. By default the services keep events for a day and inbox ids for a week: rows of the old window
 * have expired, those of the new window expire in 12 hours at the earliest.
 */
export function windowsOf({ orders, published }: PrefillSize, now: Date): TimeWindow[] {
  const nowMs = now.getTime()
  const old = orders - published
  return [
    { first: 0, count: old, fromMs: nowMs - 60 * dayMs, toMs: nowMs - 8 * dayMs, withMessages: false },
    { first: old, count: published, fromMs: nowMs - 12 * hourMs, toMs: nowMs - hourMs, withMessages: true },
  ].filter(({ count }) => count > 0)
}
