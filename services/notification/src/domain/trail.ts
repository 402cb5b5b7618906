import type { Trail } from '@order-saga/contracts'
import type { RecentlySent } from './recently-sent.ts'

/** The events this very process has answered with a mail lately: there is no database, and no other process is asked. */
export function trailOf(recentlySent: RecentlySent, events: readonly string[]): Trail {
  const handled = events.flatMap((eventId) => {
    const at = recentlySent.sentAt(eventId)
    return at === undefined ? [] : [{ eventId, at: at.toISOString() }]
  })
  return { published: [], handled, record: null }
}
