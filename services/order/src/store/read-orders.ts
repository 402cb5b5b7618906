import { type Item, type Money, moneyFromDecimal } from '@order-saga/contracts'
import { type Database, type Statement, statement } from '@order-saga/chassis'

export type OrderStatus = 'pending' | 'confirmed' | 'cancelled'

export interface StoredOrder {
  readonly orderId: string
  readonly sagaId: string
  readonly customerId: string | null
  readonly customerEmail: string
  readonly items: Item[]
  readonly total: Money
  readonly status: OrderStatus
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface OrderFilter {
  readonly status?: OrderStatus | undefined
  readonly customerId?: string | undefined
}

type Row = Omit<StoredOrder, 'total'> & { readonly amount: string; readonly currency: string }

const select = `SELECT order_id AS "orderId", saga_id AS "sagaId", customer_id AS "customerId",
  customer_email AS "customerEmail", items, amount, currency, status, created_at AS "createdAt", updated_at AS "updatedAt"
  FROM orders`
const newestFirst = 'AND order_id < $1 ORDER BY order_id DESC LIMIT $2'

const byId = statement('order-by-id', `${select} WHERE order_id = $1`)

// One statement per filter, so that each has a plan that reads its own index in the order of the answer.
const all = statement('orders-list', `${select} WHERE true ${newestFirst}`)
const ofStatus = statement('orders-list-status', `${select} WHERE status = $3 ${newestFirst}`)
const ofCustomer = statement('orders-list-customer', `${select} WHERE customer_id = $3 ${newestFirst}`)
const ofBoth = statement(
  'orders-list-customer-status',
  `${select} WHERE customer_id = $3 AND status = $4 ${newestFirst}`,
)

export async function readOrder(database: Database, orderId: string): Promise<StoredOrder | undefined> {
  const [row] = await database.query<Row>(byId, [orderId])
  return row === undefined ? undefined : orderOf(row)
}

/** Orders older than the id `before`, newest first. Ids are UUIDv7: they sort by the time of their creation. */
export async function listOrders(
  database: Database,
  { status, customerId }: OrderFilter,
  { before, limit }: { before: string; limit: number },
): Promise<StoredOrder[]> {
  const filter: [Statement, ...string[]] =
    customerId === undefined
      ? status === undefined
        ? [all]
        : [ofStatus, status]
      : status === undefined
        ? [ofCustomer, customerId]
        : [ofBoth, customerId, status]
  const [text, ...values] = filter
  return (await database.query<Row>(text, [before, limit, ...values])).map(orderOf)
}

function orderOf({ amount, currency, ...row }: Row): StoredOrder {
  return { ...row, total: moneyFromDecimal(amount, currency) }
}
