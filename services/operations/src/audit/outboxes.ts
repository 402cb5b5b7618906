import type { ResolvedOptions } from './options.ts'
import type { Databases } from './read-only-database.ts'
import { storeNames } from '../inspect/stores.ts'
import type { AuditCounts } from './audit-counts.ts'

interface Row {
  readonly kind: string
  readonly count: number
  readonly ids: readonly string[]
}

/** Both statements read a partial index with exactly these rows. */
const unpublished = grouped('routing_key', 'published_at IS NULL AND parked_at IS NULL AND created_at < $2')
const parked = grouped('park_reason', 'parked_at IS NOT NULL AND published_at IS NULL')

function grouped(by: string, which: string): string {
  return `SELECT kind, count, ARRAY(SELECT event_id::text FROM events WHERE ${which} AND ${by} = kind LIMIT $1) AS ids
    FROM (SELECT ${by} AS kind, count(*)::integer AS count FROM events WHERE ${which} GROUP BY ${by}) AS counted`
}

/** Invariant 5: no event stays unpublished. Parked events are counted separately. */
export async function auditOutboxes(
  databases: Databases,
  counts: AuditCounts,
  options: ResolvedOptions,
): Promise<void> {
  const before = new Date(options.now().getTime() - options.toleranceMs)
  const late = (): Promise<Row[][]> =>
    Promise.all(storeNames.map((store) => databases[store].read<Row>(unpublished, [options.idsShown, before])))
  let rows = await late()
  if (rows.some((found) => found.length > 0)) {
    await options.pause(options.settleMs)
    rows = await late()
  }
  for (const [i, store] of storeNames.entries()) {
    for (const { kind, count, ids } of rows[i] ?? []) {
      counts.violation('events', `${kind} is unpublished in the outbox of ${store}`, ids, count)
    }
  }
  const parkedRows = await Promise.all(
    storeNames.map(async (store) => {
      const found = await databases[store].read<Row>(parked, [options.idsShown])
      return found.map((row) => ({ ...row, kind: `${row.kind} in the outbox of ${store}` }))
    }),
  )
  const all = parkedRows.flat()
  if (all.reduce((sum, { count }) => sum + count, 0) <= options.allowParkedEvents) return
  for (const { kind, count, ids } of all) counts.violation('parked_events', kind, ids, count)
}
