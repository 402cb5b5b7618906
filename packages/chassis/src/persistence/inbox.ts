import { statement, type Transaction } from './database.ts'

const findClaimed = statement(
  'inbox-find',
  'SELECT event_id FROM processed_events WHERE consumer = $1 AND event_id = ANY($2::uuid[])',
)

const claim = statement(
  'inbox-claim',
  `INSERT INTO processed_events (event_id, consumer, processed_at)
   SELECT event_id, $1, $3 FROM unnest($2::uuid[]) AS event_id`,
)

/** Which of the events have had their effect on this consumer already. */
export async function findProcessed(tx: Transaction, consumer: string, ids: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ event_id: string }>(findClaimed, [consumer, ids])
  return new Set(rows.map((row) => row.event_id))
}

/**
 * Claims the events in the transaction of their effect. If another consumer has claimed one since this transaction
 * looked, the primary key refuses it and the whole transaction is repeated on what it then sees.
 */
export function claimEvents(tx: Transaction, consumer: string, ids: readonly string[], now: Date): void {
  // Sorted, so that two batches with the same events wait for each other and do not deadlock.
  if (ids.length > 0) tx.write(claim, [consumer, ids.toSorted(), now])
}
