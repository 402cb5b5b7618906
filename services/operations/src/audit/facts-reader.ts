import type { OrderFacts, OrderRow, PaymentRow, ReservationRow, SagaRow } from './order-facts.ts'
import type { Databases } from './read-only-database.ts'

/** An order and its saga, read in one statement: one database holds both and changes them in one transaction. */
export interface OrderAndSaga {
  readonly orderId: string
  readonly order?: OrderRow
  readonly saga?: SagaRow
}

type Flat = { orderId: string; orderSagaId: string | null; sagaSagaId: string | null } & {
  [K in keyof Omit<OrderRow, 'sagaId' | 'status'>]: OrderRow[K]
} & { [K in keyof Omit<SagaRow, 'sagaId' | 'status'>]: SagaRow[K] } & {
  orderStatus: OrderRow['status']
  sagaStatus: SagaRow['status']
}

const hasProof = (event: string): string =>
  `jsonb_path_exists(s.history, '$[*] ? (@.event == "${event}" && !(@.ignored == "violation"))')`
const orderColumns = `order_id AS "orderId", o.saga_id AS "orderSagaId", o.status AS "orderStatus", o.amount::text, o.currency,
  o.items, s.saga_id AS "sagaSagaId", s.status AS "sagaStatus", s.reason, s.compensation, s.timeout_at AS "timeoutAt",
  s.refund_due_at AS "refundDueAt",
  s.version, s.created_at AS "createdAt", s.updated_at AS "updatedAt", s.finished_at AS "finishedAt",
  s.history @> '[{"event": "order.confirmed"}]' AS "saidConfirmed",
  s.history @> '[{"event": "order.cancelled"}]' AS "saidCancelled",
  ${hasProof('payment.completed')} AS "isPaid", ${hasProof('inventory.reserved')} AS "isReserved",
  EXISTS (SELECT FROM saga_violations v WHERE v.saga_id = s.saga_id) AS "hasViolations"`
const paymentColumns = `order_id AS "orderId", saga_id AS "sagaId", status, amount::text, currency,
  charge_id AS "chargeId", refund_id AS "refundId", next_attempt_at AS "nextAttemptAt", version, updated_at AS "updatedAt"`
const reservationColumns = `order_id AS "orderId", saga_id AS "sagaId", status, items, version`

const afterId = 'WHERE order_id > $1::uuid ORDER BY order_id LIMIT $2'
// The first rows of both tables contain the first rows of their join, so a page of it reads at most two pages.
const ordersAfter = `SELECT ${orderColumns} FROM (SELECT * FROM orders ${afterId}) o
  FULL JOIN (SELECT * FROM saga_instances ${afterId}) s USING (order_id) ORDER BY order_id LIMIT $2`
const paymentsAfter = `SELECT ${paymentColumns} FROM payment_transactions ${afterId}`
const reservationsAfter = `SELECT ${reservationColumns} FROM inventory_reservations ${afterId}`

const ordersOf = `SELECT ${orderColumns} FROM unnest($1::uuid[]) AS wanted (order_id)
  LEFT JOIN orders o USING (order_id) LEFT JOIN saga_instances s USING (order_id)`
const paymentsOf = `SELECT ${paymentColumns} FROM payment_transactions WHERE order_id = ANY($1::uuid[])`
const reservationsOf = `SELECT ${reservationColumns} FROM inventory_reservations WHERE order_id = ANY($1::uuid[])`

/** Reads the rows of given orders, or a page of each table in the order of the ids. */
export class FactsReader {
  readonly #databases: Databases

  constructor(databases: Databases) {
    this.#databases = databases
  }

  async ordersAfter(orderId: string, limit: number): Promise<OrderAndSaga[]> {
    return (await this.#databases.order.read<Flat>(ordersAfter, [orderId, limit])).map(orderAndSaga)
  }

  async paymentsAfter(orderId: string, limit: number): Promise<PaymentRow[]> {
    return await this.#databases.payment.read(paymentsAfter, [orderId, limit])
  }

  async reservationsAfter(orderId: string, limit: number): Promise<ReservationRow[]> {
    return await this.#databases.inventory.read(reservationsAfter, [orderId, limit])
  }

  /** Facts of these orders, in the order of the ids; an order without rows has only its id. */
  async read(orderIds: readonly string[]): Promise<OrderFacts[]> {
    const [orders, payments, reservations] = await Promise.all([
      this.#databases.order.read<Flat>(ordersOf, [orderIds]),
      this.#databases.payment.read<PaymentRow>(paymentsOf, [orderIds]),
      this.#databases.inventory.read<ReservationRow>(reservationsOf, [orderIds]),
    ])
    const orderOf = new Map(orders.map((row) => [row.orderId, orderAndSaga(row)]))
    const paymentOf = new Map(payments.map((row) => [row.orderId, row]))
    const reservationOf = new Map(reservations.map((row) => [row.orderId, row]))
    return orderIds.map((orderId) => ({
      orderId,
      ...orderOf.get(orderId),
      payment: paymentOf.get(orderId),
      reservation: reservationOf.get(orderId),
    }))
  }
}

function orderAndSaga(row: Flat): OrderAndSaga {
  const { orderId, orderSagaId, orderStatus, sagaSagaId, sagaStatus, amount, currency, items, ...saga } = row
  return {
    orderId,
    ...(orderSagaId === null ? {} : { order: { sagaId: orderSagaId, status: orderStatus, amount, currency, items } }),
    ...(sagaSagaId === null ? {} : { saga: { sagaId: sagaSagaId, status: sagaStatus, ...saga } }),
  }
}
