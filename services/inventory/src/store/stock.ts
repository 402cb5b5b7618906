import { type Database, statement } from '@order-saga/chassis'

/** One article's quantities: free to be reserved, and held for open orders. */
export interface StockLevel {
  readonly sku: string
  readonly available: number
  readonly reserved: number
}

const find = statement('stock-find', 'SELECT sku, available, reserved FROM stock WHERE sku = $1')

// One statement, so that no reservation comes between: what is reserved or shipped stays, and the sum of all that ever
// came in follows from the three.
const set = statement(
  'stock-set',
  `INSERT INTO stock (sku, available, received, updated_at) VALUES ($1, $2, $2, $3)
   ON CONFLICT (sku) DO UPDATE SET available = excluded.available,
     received = excluded.available + stock.reserved + stock.shipped, updated_at = excluded.updated_at
   RETURNING sku, available, reserved`,
)

export async function findStock(database: Database, sku: string): Promise<StockLevel | undefined> {
  const [level] = await database.query<{ sku: string; available: number; reserved: number }>(find, [sku])
  return level
}

/** Sets the free quantity, after a count or a delivery; open reservations stay. */
export async function setAvailable(database: Database, sku: string, available: number, now: Date): Promise<StockLevel> {
  const [level] = await database.query<{ sku: string; available: number; reserved: number }>(set, [sku, available, now])
  if (level === undefined) throw new Error(`no stock row came back for ${sku}`)
  return level
}
