import type { Item } from '@order-saga/contracts'
import { allOrNone, PoisonMessage, RowCache, statement, type Transaction, UnverifiedState } from '@order-saga/chassis'
import type { ReservationState } from '../domain/reservation.ts'
import type { Stock, StockLevel } from '../domain/stock.ts'

/** One order's reservation. */
export interface ReservationRecord {
  readonly orderId: string
  readonly sagaId: string
  readonly reservationId: string
  state: Omit<ReservationState, 'stock'>
  readonly createdAt: Date
  version: number
  /** Of the last write, to the millisecond. */
  updatedAt: Date
  readonly isNew: boolean
  changed: boolean
}

/** A record as the statements name its fields. */
type ReservationRow = Omit<ReservationRecord, 'state' | 'isNew' | 'changed'> & ReservationRecord['state']

interface StockRow extends StockLevel {
  readonly sku: string
}

// First the reservations and then the stock, each in the order of its keys: batches wait for each other and do not deadlock.
const lockReservations = statement(
  'reservations-lock',
  `SELECT order_id AS "orderId", saga_id AS "sagaId", reservation_id AS "reservationId", status, items, reason,
     created_at AS "createdAt", version, updated_at AS "updatedAt"
   FROM inventory_reservations WHERE order_id = ANY($1::uuid[]) ORDER BY order_id FOR UPDATE`,
)
// The rows of the given SKUs, and of those that the locked orders hold.
const lockStock = statement(
  'stock-lock',
  `SELECT sku, available, reserved, shipped FROM stock WHERE sku IN (
     SELECT unnest($1::text[])
     UNION
     SELECT item ->> 'sku' FROM inventory_reservations r, jsonb_array_elements(r.items) item
     WHERE r.order_id = ANY($2::uuid[]) AND r.status = 'reserved')
   ORDER BY sku FOR UPDATE`,
)
const rows = `json_to_recordset($1::json) AS u ("orderId" uuid, "sagaId" uuid, "reservationId" uuid, status text,
  items jsonb, reason text, "createdAt" timestamptz, version integer, "updatedAt" timestamptz)`
// The primary key refuses a second reservation for an order that two transactions see first.
const insertReservations = statement(
  'reservations-insert',
  `INSERT INTO inventory_reservations
     (order_id, saga_id, reservation_id, status, items, reason, created_at, version, updated_at)
   SELECT u.* FROM ${rows}`,
)
// Version and time verify the reservations that were not read. The version alone may be reached twice if a failover loses
// commits.
const updateReservations = statement(
  'reservations-update',
  allOrNone(
    `UPDATE inventory_reservations r SET status = u.status, items = u.items, reason = u.reason, updated_at = $2,
     version = r.version + 1
   FROM ${rows} WHERE r.order_id = u."orderId"
     AND r.version = u.version AND date_trunc('milliseconds', r.updated_at) = u."updatedAt"`,
    'json_array_length($1::json)',
  ),
)
// Adds differences, so that levels that were not read need not be exact; the condition verifies that they suffice.
const updateStock = statement(
  'stock-update',
  allOrNone(
    `UPDATE stock s SET available = s.available + u.available, reserved = s.reserved + u.reserved,
       shipped = s.shipped + u.shipped, updated_at = $5
   FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) AS u (sku, available, reserved, shipped)
   WHERE s.sku = u.sku AND s.available + u.available >= 0 AND s.reserved + u.reserved >= 0`,
    'cardinality($1)',
  ),
)

/** The reservations and the stock of one transaction: locked until the commit, or cached. */
export class LockedInventory {
  readonly #reservations: Map<string, ReservationRecord>
  readonly #stock: Map<string, StockLevel>
  readonly #before: Stock
  readonly #updatedSkus = new Set<string>()
  readonly #isCached: boolean
  readonly #newId: () => string
  readonly #now: Date

  constructor(
    reservations: readonly ReservationRecord[],
    stock: Stock,
    newId: () => string,
    now: Date,
    isCached = false,
  ) {
    this.#before = stock
    this.#isCached = isCached
    this.#reservations = new Map(reservations.map((record) => [record.orderId, record]))
    this.#stock = new Map(stock)
    this.#newId = newId
    this.#now = now
  }

  /**
   * The order's reservation; a new one when there is none yet.
   * @throws PoisonMessage when the order belongs to another saga
   */
  of(orderId: string, sagaId: string): ReservationRecord {
    const record = this.#reservations.get(orderId) ?? this.#add(orderId, sagaId)
    if (record.sagaId !== sagaId) throw new PoisonMessage(`order ${orderId} is not the order of saga ${sagaId}`)
    return record
  }

  /** The levels of these SKUs; none for an SKU that was never stocked. */
  stockOf(items: readonly Item[]): Stock {
    const levels = items.map(({ sku }) => [sku, this.#stock.get(sku)] as const)
    return new Map(levels.filter((entry): entry is [string, StockLevel] => entry[1] !== undefined))
  }

  update(record: ReservationRecord, { stock, ...state }: ReservationState): void {
    record.state = state
    record.changed = true
    for (const [sku, level] of stock) {
      if (this.#stock.get(sku) === level) continue
      this.#stock.set(sku, level)
      this.#updatedSkus.add(sku)
    }
  }

  /**
   * @throws UnverifiedState for a decision on cached rows that no write would verify: one that changes nothing, and a
   * rejection, which may be based on outdated levels
   */
  changed(): ReservationRecord[] {
    const all = [...this.#reservations.values()]
    if (this.#isCached && all.some(({ changed, state }) => !changed || state.status === 'rejected')) {
      throw new UnverifiedState('a reservation is unchanged or rejected')
    }
    return all.filter(({ changed }) => changed)
  }

  /** The differences of the levels, in the order of the keys. */
  stockChanges(): StockRow[] {
    return [...this.#updatedSkus].toSorted().map((sku) => {
      const [after, before] = [this.#stock.get(sku) as StockLevel, this.#before.get(sku) as StockLevel]
      return {
        sku,
        available: after.available - before.available,
        reserved: after.reserved - before.reserved,
        shipped: after.shipped - before.shipped,
      }
    })
  }

  /** All levels, as of this transaction. */
  get stock(): Stock {
    return this.#stock
  }

  #add(orderId: string, sagaId: string): ReservationRecord {
    const record: ReservationRecord = {
      orderId,
      sagaId,
      reservationId: this.#newId(),
      state: { status: 'none', items: [], reason: null },
      createdAt: this.#now,
      version: 1,
      updatedAt: this.#now,
      isNew: true,
      changed: false,
    }
    this.#reservations.set(orderId, record)
    return record
  }
}

export async function lockInventory(
  tx: Transaction,
  orderIds: readonly string[],
  skus: readonly string[],
  newId: () => string,
  now: Date,
): Promise<LockedInventory> {
  const orders = [...new Set(orderIds)]
  const [reservations, stock] = await Promise.all([
    tx.query<ReservationRow>(lockReservations, [orders]),
    tx.query<StockRow>(lockStock, [[...new Set(skus)], orders]),
  ])
  const levels = new Map(stock.map(({ sku, ...level }) => [sku, level]))
  return new LockedInventory(reservations.map(recordOf), levels, newId, now)
}

/** The open reservations that this process wrote last, and the levels of their SKUs. */
export class InventoryCache {
  readonly #reservations = new RowCache<ReservationRecord>()
  readonly #stock = new RowCache<StockLevel>()

  /**
   * @param skus the SKUs to reserve, by the order
   * @returns undefined unless all reservations or the SKUs to reserve, and all levels, are cached; the insertion verifies that
   * an order has no reservation
   */
  take(
    orderIds: readonly string[],
    skus: ReadonlyMap<string, readonly string[]>,
    { newId, now }: { newId: () => string; now: Date },
  ): LockedInventory | undefined {
    const reservations = [...this.#reservations.take(orderIds)]
    if (reservations.some(([orderId, record]) => record === undefined && !skus.has(orderId))) return undefined
    const cached = reservations.flatMap(([, reservation]) => reservation ?? [])
    const held = cached.flatMap(({ state }) => state.items.filter(({ tracked }) => tracked).map(({ sku }) => sku))
    const stock = this.#stock.takeAll([...skus.values(), held].flat())
    return stock && new LockedInventory(cached, stock, newId, now, true)
  }

  /** Call after the commit. */
  put(inventory: LockedInventory): void {
    for (const reservation of inventory.changed()) {
      if (reservation.state.status !== 'reserved') continue
      const record = { ...reservation, isNew: false, changed: false }
      this.#reservations.put(reservation.orderId, record, reservation.state.items)
    }
    for (const [sku, level] of inventory.stock) this.#stock.put(sku, level)
  }
}

export function saveInventory(tx: Transaction, inventory: LockedInventory, now: Date): void {
  const changed = inventory.changed().toSorted((a, b) => (a.orderId < b.orderId ? -1 : 1))
  const [added, known] = [changed.filter(({ isNew }) => isNew), changed.filter(({ isNew }) => !isNew)]
  if (known.length > 0) tx.write(updateReservations, [rowsOf(known), now])
  for (const reservation of changed) reservation.updatedAt = now
  if (added.length > 0) tx.write(insertReservations, [rowsOf(added)])
  for (const reservation of known) reservation.version += 1
  const stock = inventory.stockChanges()
  if (stock.length === 0) return
  tx.write(updateStock, [
    stock.map(({ sku }) => sku),
    stock.map(({ available }) => available),
    stock.map(({ reserved }) => reserved),
    stock.map(({ shipped }) => shipped),
    now,
  ])
}

function rowsOf(reservations: readonly ReservationRecord[]): string {
  return JSON.stringify(reservations.map(({ state, ...row }) => ({ ...row, ...state })))
}

function recordOf({ status, items, reason, ...row }: ReservationRow): ReservationRecord {
  return { ...row, state: { status, items, reason }, isNew: false, changed: false }
}
