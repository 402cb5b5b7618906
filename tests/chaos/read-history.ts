import { deadLetterQueue } from '@order-saga/chassis'
import { type ServiceName, services } from '@order-saga/contracts'
import { call } from '../support/call.ts'
import { type Store, stores } from '../support/databases.ts'
import type {
  DeadLetterRecord,
  EventRecord,
  History,
  Intent,
  OrderRecord,
  PaymentRecord,
  ReservationRecord,
  SagaRecord,
  StockRecord,
} from './history.ts'
import type { Injector } from './injector.ts'
import type { Stage } from './stage.ts'

/** Reads what everybody knows: customers, API, databases, queues, provider, mail server, and what the audit says. */
export async function readHistory(
  stage: Stage,
  known: { readonly intents: readonly Intent[]; readonly injector: Injector; readonly ends: readonly string[] },
): Promise<History> {
  const { system, provider, mails } = stage
  const deadLetters = await readDeadLetters(stage)
  const [orders, sagas, payments, reservations, stock] = await Promise.all([
    system.sql<OrderRecord>(
      'order',
      `SELECT order_id AS "orderId", saga_id AS "sagaId", customer_email AS customer, items, amount::text, status
       FROM orders`,
    ),
    system.sql<SagaRecord>(
      'order',
      'SELECT saga_id AS "sagaId", order_id AS "orderId", status, compensation FROM saga_instances',
    ),
    system.sql<PaymentRecord>('payment', 'SELECT order_id AS "orderId", status FROM payment_transactions'),
    system.sql<ReservationRecord>(
      'inventory',
      'SELECT order_id AS "orderId", status, items FROM inventory_reservations',
    ),
    system.sql<StockRecord>('inventory', 'SELECT sku, received, available, reserved, shipped FROM stock'),
  ])
  return {
    intents: known.intents,
    orders,
    sagas,
    answered: await readAnswers(stage),
    payments,
    reservations,
    stock,
    events: (await Promise.all(stores.map((store) => readEvents(stage, store)))).flat(),
    processed: await readInboxes(stage),
    queues: await readQueues(stage),
    deadLetters,
    malformed: known.injector.malformed,
    charges: provider.ledger.charges,
    refunds: provider.ledger.refunds,
    mails: mails.received,
    ends: known.ends,
    audit: await readAudit(stage, known.intents, deadLetters.length),
  }
}

async function readEvents({ system }: Stage, store: Store): Promise<EventRecord[]> {
  const rows = await system.sql<Omit<EventRecord, 'store'>>(
    store,
    `SELECT event_id AS "eventId", order_id AS "orderId", routing_key AS name, causation_id AS "causationId",
       published_at IS NOT NULL AS published, parked_at IS NOT NULL AS parked,
       CASE WHEN routing_key IN ('order.confirmed', 'order.cancelled')
         OR routing_key = 'payment.refunded' AND (payload ->> 'amount')::numeric > 0
         THEN payload ->> 'customerEmail' END AS "mailTo"
     FROM events`,
  )
  return rows.map((row) => ({ ...row, store }))
}

async function readInboxes({ system }: Stage): Promise<Record<Store, Set<string>>> {
  const read = async (store: Store): Promise<Set<string>> => {
    const rows = await system.sql<{ id: string }>(store, 'SELECT event_id AS id FROM processed_events')
    return new Set(rows.map(({ id }) => id))
  }
  return { order: await read('order'), payment: await read('payment'), inventory: await read('inventory') }
}

async function readQueues({ system }: Stage): Promise<Record<string, number>> {
  const dead = new Set(services.map((service) => deadLetterQueue(system.broker.queueOf(service))))
  return Object.fromEntries(Object.entries(await system.broker.depths()).filter(([queue]) => !dead.has(queue)))
}

async function readDeadLetters({ system }: Stage): Promise<DeadLetterRecord[]> {
  const of = async (service: ServiceName): Promise<DeadLetterRecord[]> =>
    (await system.broker.deadLetters(service)).map(({ properties }) => ({
      service,
      messageId: String(properties.messageId),
      reason: String(properties.headers?.['reason'] ?? 'given up by the broker'),
    }))
  return (await Promise.all(services.map(of))).flat()
}

/** The status of every order, as the order API lists them. */
async function readAnswers({ orderUrl }: Stage): Promise<Map<string, string>> {
  const answered = new Map<string, string>()
  let cursor: string | null = ''
  while (cursor !== null) {
    const { status, body } = await call(`${orderUrl}/orders?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`)
    if (status !== 200) throw new Error(`the list of orders was answered with ${status}`)
    const page = body as { orders: { orderId: string; status: string }[]; nextCursor: string | null }
    for (const order of page.orders) answered.set(order.orderId, order.status)
    cursor = page.nextCursor
  }
  return answered
}

async function readAudit(
  { system }: Stage,
  intents: readonly Intent[],
  allowDeadLetters: number,
): Promise<readonly string[]> {
  const { answers } = system.shop
  answers.length = 0
  for (const { attempts, key } of intents) {
    for (const { at, result, orderId, sagaId } of attempts) {
      if (result === 202)
        answers.push({ at: new Date(at).toISOString(), status: 202, orderId, sagaId, idempotencyKey: key })
    }
  }
  // Dead letters are judged one by one elsewhere.
  const { checks } = await system.audit({ allowDeadLetters })
  return checks.flatMap(({ check, kinds }) =>
    kinds.map(({ kind, count, ids }) => `${check}: ${kind}: ${count} (${ids.slice(0, 5).join(', ')})`),
  )
}
