import { type ServiceName, services, deadLetterQueue } from '@order-saga/contracts'
import { call } from '../support/call.ts'
import { type Store, stores } from '../support/databases.ts'
import type {
  DeadLetterRecord,
  EventRecord,
  History,
  OrderRequest,
  OrderRecord,
  PaymentRecord,
  ReservationRecord,
  SagaRecord,
  StockRecord,
} from './history.ts'
import type { MessageInjector } from './message-injector.ts'
import type { ChaosEnvironment } from './chaos-environment.ts'

/** Reads the records of customers, API, databases, queues, provider and mail server, and runs the audit. */
export async function readHistory(
  environment: ChaosEnvironment,
  known: {
    readonly orderRequests: readonly OrderRequest[]
    readonly injector: MessageInjector
    readonly exits: readonly string[]
  },
): Promise<History> {
  const { system, provider, mails } = environment
  const deadLetters = await readDeadLetters(environment)
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
    orderRequests: known.orderRequests,
    orders,
    sagas,
    apiStatuses: await readApiStatuses(environment),
    payments,
    reservations,
    stock,
    events: (await Promise.all(stores.map((store) => readEvents(environment, store)))).flat(),
    processed: await readInboxes(environment),
    queues: await readQueues(environment),
    deadLetters,
    malformed: known.injector.malformed,
    charges: provider.ledger.charges,
    refunds: provider.ledger.refunds,
    mails: mails.received,
    exits: known.exits,
    audit: await readAudit(environment, known.orderRequests, deadLetters.length),
  }
}

async function readEvents({ system }: ChaosEnvironment, store: Store): Promise<EventRecord[]> {
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

async function readInboxes({ system }: ChaosEnvironment): Promise<Record<Store, Set<string>>> {
  const read = async (store: Store): Promise<Set<string>> => {
    const rows = await system.sql<{ id: string }>(store, 'SELECT event_id AS id FROM processed_events')
    return new Set(rows.map(({ id }) => id))
  }
  return { order: await read('order'), payment: await read('payment'), inventory: await read('inventory') }
}

async function readQueues({ system }: ChaosEnvironment): Promise<Record<string, number>> {
  const dead = new Set(services.map((service) => deadLetterQueue(system.broker.queueOf(service))))
  return Object.fromEntries(Object.entries(await system.broker.depths()).filter(([queue]) => !dead.has(queue)))
}

async function readDeadLetters({ system }: ChaosEnvironment): Promise<DeadLetterRecord[]> {
  const of = async (service: ServiceName): Promise<DeadLetterRecord[]> =>
    (await system.broker.deadLetters(service)).map(({ properties }) => ({
      service,
      messageId: String(properties.messageId),
      reason: String(properties.headers?.['reason'] ?? 'dead-lettered by the broker'),
    }))
  return (await Promise.all(services.map(of))).flat()
}

/** The status of every order in the order API. */
async function readApiStatuses({ orderUrl }: ChaosEnvironment): Promise<Map<string, string>> {
  const statuses = new Map<string, string>()
  let cursor: string | null = ''
  while (cursor !== null) {
    const { status, body } = await call(`${orderUrl}/orders?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`)
    if (status !== 200) throw new Error(`GET /orders returned ${status}`)
    const page = body as { orders: { orderId: string; status: string }[]; nextCursor: string | null }
    for (const order of page.orders) statuses.set(order.orderId, order.status)
    cursor = page.nextCursor
  }
  return statuses
}

async function readAudit(
  { system }: ChaosEnvironment,
  orderRequests: readonly OrderRequest[],
  allowDeadLetters: number,
): Promise<readonly string[]> {
  const { answers } = system.shop
  answers.length = 0
  for (const { attempts, key } of orderRequests) {
    for (const { at, result, orderId, sagaId } of attempts) {
      if (result === 202)
        answers.push({ at: new Date(at).toISOString(), status: 202, orderId, sagaId, idempotencyKey: key })
    }
  }
  // `checkDeadLetters` evaluates each dead letter.
  const { checks, information } = await system.audit({ allowDeadLetters })
  const violations = checks.flatMap(({ check, kinds }) => kinds.map((kind) => ({ check, ...kind })))
  // Nobody forges events here: no fault makes a service break the protocol.
  const protocol = information
    .filter(({ topic }) => topic === 'protocol_violations')
    .map((note) => ({ ...note, check: note.topic, kind: note.about }))
  return [...violations, ...protocol].map(
    ({ check, kind, count, ids }) => `${check}: ${kind}: ${count} (${ids.slice(0, 5).join(', ')})`,
  )
}
