import { statement, type Transaction } from './database.ts'

const findClaimed = statement(
  'inbox-find',
  'SELECT event_id FROM processed_events WHERE consumer = $1 AND event_id = ANY($2::uuid[])',
)

/** Which of the events have had their effect on this consumer already. */
export async function findProcessed(tx: Transaction, consumer: string, ids: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ event_id: string }>(findClaimed, [consumer, ids])
  return new Set(rows.map((row) => row.event_id))
}
