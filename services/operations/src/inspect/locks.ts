import { DependencyUnavailable, statement } from '@order-saga/chassis'
import type { LockingSession } from '@order-saga/order'
import type { RecordedSaga } from './saga-facts.ts'
import type { StoreReader } from './store.ts'
import { type StoreName, storeNames } from './stores.ts'

interface Holder {
  readonly pid: number | null
  readonly application: string | null
  readonly transactionSince: Date | null
  readonly since: Date | null
}

interface RowHolder extends Holder {
  /** Id of the saga or order, or the SKU. */
  readonly key: string
}

/** A transaction of a service holds its row locks for milliseconds, so a younger transaction blocks nothing. */
const youngest = `interval '1 second'`

const session = `NULLIF(a.application_name, '') AS application, a.xact_start AS "transactionSince", a.query_start AS since`
/**
 * The session that holds the lock of a row, whether or not somebody waits for it: the row's xmax is the id of the locking
 * transaction (PostgreSQL manual, "Database Page Layout"), which holds an exclusive lock on that id. Any role may read
 * pg_locks. A transaction whose start this role must not see counts if somebody waits for it.
 */
const holders = `JOIN pg_locks l ON l.locktype = 'transactionid' AND l.granted AND l.mode = 'ExclusiveLock' AND l.transactionid = r.xmax
  LEFT JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.pid IS DISTINCT FROM pg_backend_pid() AND (a.xact_start < clock_timestamp() - ${youngest} OR a.xact_start IS NULL
    AND (l.pid IS NULL OR EXISTS (SELECT FROM pg_stat_activity w WHERE w.wait_event_type = 'Lock' AND l.pid = ANY(pg_blocking_pids(w.pid)))))`

const rowsOf = (table: string, key: string, type: string): string =>
  `SELECT r.${key}::text AS key, l.pid, ${session} FROM ${table} r ${holders} AND r.${key} = ANY($1::${type}[])`

const rowHolders = {
  order: statement('locks-order', rowsOf('saga_instances', 'order_id', 'uuid')),
  payment: statement('locks-payment', rowsOf('payment_transactions', 'order_id', 'uuid')),
  inventory: statement('locks-inventory', rowsOf('inventory_reservations', 'order_id', 'uuid')),
} as const
const stockHolders = statement('locks-stock', rowsOf('stock', 'sku', 'text'))

/** The sessions for which a session of the service waits now, other than its own. */
const waitedFor = statement(
  'locks-waited-for',
  `SELECT DISTINCT b.pid, ${session} FROM pg_stat_activity w
     CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS b (pid) LEFT JOIN pg_stat_activity a ON a.pid = b.pid
   WHERE w.wait_event_type = 'Lock' AND w.datname = current_database() AND w.application_name = $1
     AND a.application_name IS DISTINCT FROM $1`,
)

export type LocksOf = (saga: Pick<RecordedSaga, 'orderId' | 'items'>) => LockingSession[]

/** Reads the sessions that hold rows of these sagas, or rows for which a service waits. An unavailable database has none. */
export async function readLocks(
  databases: Readonly<Record<StoreName, StoreReader>>,
  sagas: readonly Pick<RecordedSaga, 'orderId' | 'items'>[],
): Promise<LocksOf> {
  if (sagas.length === 0) return () => []
  const orderIds = sagas.map(({ orderId }) => orderId)
  const skus = [...new Set(sagas.flatMap(({ items }) => items.map(({ sku }) => sku)))]
  const optional = async <R>(rows: Promise<R[]>): Promise<R[]> =>
    await rows.catch((error: unknown) => {
      if (error instanceof DependencyUnavailable) return []
      throw error
    })
  const [rows, waited, stock] = await Promise.all([
    Promise.all(storeNames.map((store) => optional(databases[store].query<RowHolder>(rowHolders[store], [orderIds])))),
    Promise.all(storeNames.map((store) => optional(databases[store].query<Holder>(waitedFor, [store])))),
    optional(databases.inventory.query<RowHolder>(stockHolders, [skus])),
  ])
  return ({ orderId, items }) => [
    ...storeNames.flatMap((store, i) => [
      ...(rows[i] ?? []).filter(({ key }) => key === orderId).map((each) => lockOf(store, each, 'its row', true)),
      ...(waited[i] ?? []).map((each) => lockOf(store, each, 'a row that the service needs', false)),
    ]),
    ...stock
      .filter(({ key }) => items.some(({ sku }) => sku === key))
      .map((each) => lockOf('inventory', each, `the stock of ${each.key}`, true)),
  ]
}

function lockOf(
  service: StoreName,
  { pid, application, transactionSince, since }: Holder,
  what: string,
  isRow: boolean,
): LockingSession {
  // pg_blocking_pids reports a prepared transaction as 0.
  return { service, pid: pid === 0 ? null : pid, application, what, isRow, since, transactionSince }
}
