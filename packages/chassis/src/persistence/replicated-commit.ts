import { statement, type Transaction } from './database.ts'

// A record in the write-ahead log that changes no row; transactional, so that the transaction gets an id and its commit is
// logged (manual, section 9.28.6). Not a no-op UPDATE, which leaves a dead row and takes a lock.
const emit = statement('wait-for-replication', `SELECT pg_logical_emit_message(true, 'order-saga', '')`)

/**
 * Lets the commit of a transaction that changes nothing wait for synchronous replication, as those that change something
 * do. The rows that it has read are then replicated too: they were logged earlier. For a repetition that finds its own
 * result and reports it: the first commit may have ended without its replication. It costs no further round trip.
 */
export function awaitReplication(tx: Transaction): void {
  tx.write(emit)
}
