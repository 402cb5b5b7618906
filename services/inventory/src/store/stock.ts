import { type Database, statement } from '@order-saga/chassis'

/** One article's quantities: free to be reserved, and held for open orders. */
export interface StockLevel {
  readonly sku: string
  readonly available: number
  readonly reserved: number
}

const find = statement('stock-find', 'SELECT sku, available, reserved FROM stock WHERE sku = $1')

// One statement, so that no reservation comes between: what is reserved or shipped stays, and the sum of all that ever
// came in follows from the three. The count makes PostgreSQL lock and read the old quantity before it changes it.
const set = statement(
  'stock-set',
  `WITH previous AS MATERIALIZED (SELECT available FROM stock WHERE sku = $1 FOR UPDATE),
   changed AS (
     INSERT INTO stock (sku, available, received, updated_at)
     SELECT $1::text, $2::bigint, $2::bigint, $3::timestamptz FROM (SELECT count(*) FROM previous) AS locked
     ON CONFLICT (sku) DO UPDATE SET available = excluded.available,
       received = excluded.available + stock.reserved + stock.shipped, updated_at = excluded.updated_at
     RETURNING sku, available, reserved
   ), recorded AS (
     INSERT INTO stock_changes (change_id, sku, available_before, available, operator, issuer, changed_at)
     SELECT $4::uuid, sku, (SELECT available FROM previous), available, $5::text, $6::text, $3::timestamptz FROM changed
   )
   SELECT sku, available, reserved FROM changed`,
)

export async function findStock(database: Database, sku: string): Promise<StockLevel | undefined> {
  const [level] = await database.query<{ sku: string; available: number; reserved: number }>(find, [sku])
  return level
}

/** Who changed the stock, when, and the id of the record of it. */
export interface StockChange {
  readonly changeId: string
  /** `anonymous` where callers are not identified. */
  readonly operator: string
  readonly issuer: string | undefined
  readonly now: Date
}

/** Sets the free quantity, after a count or a delivery, and records the change; open reservations stay. */
export async function setAvailable(
  database: Database,
  sku: string,
  available: number,
  { changeId, operator, issuer, now }: StockChange,
): Promise<StockLevel> {
  const values = [sku, available, now, changeId, operator, issuer ?? null]
  const [level] = await database.query<{ sku: string; available: number; reserved: number }>(set, values)
  if (level === undefined) throw new Error(`no stock row came back for ${sku}`)
  return level
}
