import type { Databases } from './read-only-database.ts'
import type { AuditCounts } from './audit-counts.ts'

const kinds = {
  negative: 'stock is negative',
  unbalanced: 'received is not available + reserved + shipped',
  held: 'reserved is not what open reservations hold',
  shipped: 'shipped is not what committed reservations took',
} as const

type Row = Readonly<Record<keyof typeof kinds, boolean>> & { readonly sku: string }

// One statement is one snapshot; inventory changes stock and reservations in one transaction.
const balance = `WITH taken AS (
    SELECT item.sku, sum(item.qty) FILTER (WHERE status = 'reserved') AS held,
      sum(item.qty) FILTER (WHERE status = 'committed') AS shipped
    FROM inventory_reservations, jsonb_to_recordset(items) AS item (sku text, qty bigint, tracked boolean)
    WHERE status IN ('reserved', 'committed') AND item.tracked GROUP BY item.sku),
  compared AS (
    SELECT sku, least(s.available, s.reserved, s.shipped) < 0 AS negative,
      s.received <> s.available + s.reserved + s.shipped AS unbalanced,
      coalesce(s.reserved, 0) <> coalesce(t.held, 0) AS held,
      coalesce(s.shipped, 0) <> coalesce(t.shipped, 0) AS shipped
    FROM stock s FULL JOIN taken t USING (sku))
  SELECT sku, coalesce(negative, false) AS negative, coalesce(unbalanced, false) AS unbalanced, held, shipped
  FROM compared WHERE negative OR unbalanced OR held OR shipped ORDER BY sku`

/** Invariant 4 per SKU: stock is not negative, and the reserved and shipped quantities are those of the reservations. */
export async function auditStock(databases: Databases, counts: AuditCounts): Promise<void> {
  const rows = await databases.inventory.read<Row>(balance)
  for (const [problem, kind] of Object.entries(kinds)) {
    const skus = rows.filter((row) => row[problem as keyof typeof kinds]).map(({ sku }) => sku)
    counts.violation('stock', kind, skus)
  }
}
