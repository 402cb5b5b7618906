import type { Item } from '@order-saga/contracts'
import { PoisonMessage, statement, type Transaction } from '@order-saga/chassis'
import type { ReservationStatus } from '../domain/reservation.ts'

/** An item of a reservation. One that is not tracked (an accepted unknown sku) took nothing from stock. */
export interface ReservedItem extends Item {
  readonly tracked: boolean
}

/** One order's reservation, locked until the end of the transaction. */
export interface ReservationRecord {
  readonly orderId: string
  readonly sagaId: string
  readonly reservationId: string
  status: ReservationStatus
  items: ReservedItem[]
  reason: string | null
  readonly version: number
  readonly createdAt: Date
  changed: boolean
}

/** What is on the shelf of one sku, and what this transaction moves. */
export interface StockRecord {
  readonly sku: string
  available: number
  moved: { available: number; reserved: number; shipped: number }
}

interface ReservationRow {
  order_id: string
  saga_id: string
  reservation_id: string
  status: Exclude<ReservationStatus, 'none'>
  items: ReservedItem[]
  reason: string | null
  version: number
  created_at: Date
}

const columns = 'order_id, saga_id, reservation_id, status, items, reason, version, created_at, updated_at'

// First the reservations and then the stock, each in the order of its keys: batches wait for each other, none deadlocks.
const lockReservations = statement(
  'reservations-lock',
  `SELECT ${columns} FROM inventory_reservations WHERE order_id = ANY($1::uuid[]) ORDER BY order_id FOR UPDATE`,
)
// The rows of the skus asked for, and of those the locked orders hold already.
const lockStock = statement(
  'stock-lock',
  `SELECT sku, available FROM stock WHERE sku IN (
     SELECT unnest($1::text[])
     UNION
     SELECT item ->> 'sku' FROM inventory_reservations r, jsonb_array_elements(r.items) item
     WHERE r.order_id = ANY($2::uuid[]) AND r.status = 'reserved')
   ORDER BY sku FOR UPDATE`,
)
const insertReservations = statement(
  'reservations-insert',
  `INSERT INTO inventory_reservations (${columns})
   SELECT ${columns} FROM json_populate_recordset(NULL::inventory_reservations, $1::json)`,
)
// A version that is not the one read makes the new one null, which the column refuses: the transaction fails.
const updateReservations = statement(
  'reservations-update',
  `UPDATE inventory_reservations r SET status = u.status, items = u.items, reason = u.reason, updated_at = u.updated_at,
     version = CASE WHEN r.version = u.version THEN r.version + 1 END
   FROM json_populate_recordset(NULL::inventory_reservations, $1::json) u WHERE r.order_id = u.order_id`,
)
// Relative, and checked by the table: less than nothing is refused.
const moveStock = statement(
  'stock-move',
  `UPDATE stock s SET available = s.available + u.available, reserved = s.reserved + u.reserved,
     shipped = s.shipped + u.shipped, updated_at = $5
   FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) AS u (sku, available, reserved, shipped)
   WHERE s.sku = u.sku`,
)

/** The reservations and the shelves of one transaction; asking for an unknown order's reservation makes a new one. */
export class Warehouse {
  readonly #reservations: Map<string, ReservationRecord>
  readonly #stock: ReadonlyMap<string, StockRecord>
  readonly #newId: () => string
  readonly #now: Date

  constructor(
    reservations: readonly ReservationRecord[],
    stock: readonly StockRecord[],
    newId: () => string,
    now: Date,
  ) {
    this.#reservations = new Map(reservations.map((record) => [record.orderId, record]))
    this.#stock = new Map(stock.map((record) => [record.sku, record]))
    this.#newId = newId
    this.#now = now
  }

  /** @throws PoisonMessage when the order is known, and as another saga's */
  reservationOf(orderId: string, sagaId: string): ReservationRecord {
    const known = this.#reservations.get(orderId)
    if (known !== undefined) {
      if (known.sagaId !== sagaId) throw new PoisonMessage(`order ${orderId} is not the order of saga ${sagaId}`)
      return known
    }
    const record: ReservationRecord = {
      orderId,
      sagaId,
      reservationId: this.#newId(),
      status: 'none',
      items: [],
      reason: null,
      version: 0,
      createdAt: this.#now,
      changed: false,
    }
    this.#reservations.set(orderId, record)
    return record
  }

  /** Undefined for a sku that was never put on a shelf. */
  stockOf(sku: string): StockRecord | undefined {
    return this.#stock.get(sku)
  }

  changedReservations(): ReservationRecord[] {
    return [...this.#reservations.values()].filter((record) => record.changed)
  }

  movedStock(): StockRecord[] {
    return [...this.#stock.values()].filter(
      ({ moved }) => moved.available !== 0 || moved.reserved !== 0 || moved.shipped !== 0,
    )
  }
}

export async function openWarehouse(
  tx: Transaction,
  orderIds: readonly string[],
  skus: readonly string[],
  newId: () => string,
  now: Date,
): Promise<Warehouse> {
  const orders = [...new Set(orderIds)]
  const [reservations, stock] = await Promise.all([
    tx.query<ReservationRow>(lockReservations, [orders]),
    tx.query<{ sku: string; available: number }>(lockStock, [[...new Set(skus)], orders]),
  ])
  const shelves = stock.map(({ sku, available }) => ({
    sku,
    available,
    moved: { available: 0, reserved: 0, shipped: 0 },
  }))
  return new Warehouse(reservations.map(recordOf), shelves, newId, now)
}

export function closeWarehouse(tx: Transaction, warehouse: Warehouse, now: Date): void {
  const changed = warehouse.changedReservations()
  const known = changed.filter((record) => record.version > 0)
  const added = changed.filter((record) => record.version === 0)
  if (known.length > 0)
    tx.write(updateReservations, [JSON.stringify(known.map((record) => rowOf(record, record.version, now)))])
  if (added.length > 0) tx.write(insertReservations, [JSON.stringify(added.map((record) => rowOf(record, 1, now)))])
  const stock = warehouse.movedStock()
  if (stock.length === 0) return
  tx.write(moveStock, [
    stock.map(({ sku }) => sku),
    stock.map(({ moved }) => moved.available),
    stock.map(({ moved }) => moved.reserved),
    stock.map(({ moved }) => moved.shipped),
    now,
  ])
}

/** The row that is written for a record; `recordOf` reads it back. */
export function rowOf(record: ReservationRecord, version: number, now: Date): Record<string, unknown> {
  return {
    order_id: record.orderId,
    saga_id: record.sagaId,
    reservation_id: record.reservationId,
    status: record.status,
    items: record.items,
    reason: record.reason,
    version,
    created_at: record.createdAt,
    updated_at: now,
  }
}

export function recordOf(row: ReservationRow): ReservationRecord {
  return {
    orderId: row.order_id,
    sagaId: row.saga_id,
    reservationId: row.reservation_id,
    status: row.status,
    items: row.items,
    reason: row.reason,
    version: row.version,
    createdAt: row.created_at,
    changed: false,
  }
}
