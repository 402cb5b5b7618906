/** What the tables are filled with. */
export interface Filling {
  /** Orders that were confirmed. */
  readonly orders: number
  /** The youngest of them, whose events are still in the outboxes and whose ids in the inboxes. */
  readonly published: number
}

/** Sagas that were made one after the other, evenly spread over a time in the past. */
export interface Stretch {
  /** The number of the first, of all sagas of the filling. */
  readonly first: number
  readonly count: number
  readonly fromMs: number
  readonly toMs: number
  /** Whether their events and the ids of these are still there. */
  readonly withMessages: boolean
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/**
 * When the sagas of a filling were made. By their defaults the services keep events for a day and ids for a week: the
 * old ones have lost theirs, and the young ones lose them no sooner than twelve hours from now.
 */
export function stretchesOf({ orders, published }: Filling, now: Date): Stretch[] {
  const nowMs = now.getTime()
  const old = orders - published
  return [
    { first: 0, count: old, fromMs: nowMs - 60 * dayMs, toMs: nowMs - 8 * dayMs, withMessages: false },
    { first: old, count: published, fromMs: nowMs - 12 * hourMs, toMs: nowMs - hourMs, withMessages: true },
  ].filter(({ count }) => count > 0)
}
