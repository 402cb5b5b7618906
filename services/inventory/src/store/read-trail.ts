import type { Item } from '@order-saga/contracts'
import { type Database, readDeliveries, type ReadTrail, statement } from '@order-saga/chassis'

const record = statement(
  'trail-reservation',
  `SELECT status, items, reason, created_at, updated_at FROM inventory_reservations WHERE order_id = $1 AND saga_id = $2`,
)

interface Row {
  status: string
  items: Item[]
  reason: string | null
  created_at: Date
  updated_at: Date
}

/** What inventory knows of a saga: its events, and the reservation. */
export const inventoryTrail =
  (database: Database, consumer: string): ReadTrail =>
  async (question) => {
    const [row] = await database.query<Row>(record, [question.orderId, question.sagaId])
    return {
      ...(await readDeliveries(database, consumer, question)),
      record:
        row === undefined
          ? null
          : {
              status: row.status,
              at: row.created_at.toISOString(),
              updatedAt: row.updated_at.toISOString(),
              reason: row.reason,
              items: row.items.map(({ sku, qty }) => ({ sku, qty })),
            },
    }
  }
