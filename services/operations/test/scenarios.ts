import { randomUUID } from 'node:crypto'
import { consumersOf, type StoreName } from '../src/inspect/stores.ts'
import { type AuditedSystem, idAt } from './audited-system.ts'

const items = [
  { sku: 'TEA', qty: 2 },
  { sku: 'POT', qty: 1 },
]
const amount = '125.5000'

/** The ids of one order's history in the databases; event ids by event name. */
export interface Scenario {
  readonly orderId: string
  readonly sagaId: string
  readonly events: Readonly<Record<string, string>>
}

interface Plan {
  readonly saga: { status: string; reason?: string; compensation?: string }
  readonly payment?: string
  readonly reservation?: string
  /** Event, publisher, and the event that caused it. */
  readonly events: readonly (readonly [name: string, store: StoreName, cause?: string])[]
}

const created = ['order.created', 'order'] as const
const paid = [created, ['payment.completed', 'payment', 'order.created']] as const
const reserved = [...paid, ['inventory.reserved', 'inventory', 'payment.completed']] as const

export const plans = {
  confirmed: {
    saga: { status: 'completed' },
    payment: 'charged',
    reservation: 'committed',
    events: [...reserved, ['order.confirmed', 'order', 'inventory.reserved']],
  },
  declined: {
    saga: { status: 'cancelled', reason: 'payment_failed' },
    payment: 'declined',
    reservation: 'cancelled',
    events: [created, ['payment.failed', 'payment', 'order.created'], ['order.cancelled', 'order', 'payment.failed']],
  },
  compensated: {
    saga: { status: 'cancelled', reason: 'compensation', compensation: 'refunded' },
    payment: 'refunded',
    reservation: 'rejected',
    events: [
      ...paid,
      ['inventory.failed', 'inventory', 'payment.completed'],
      ['payment.refund.requested', 'order', 'inventory.failed'],
      ['payment.refunded', 'payment', 'payment.refund.requested'],
      ['order.cancelled', 'order', 'payment.refunded'],
    ],
  },
  refunding: {
    saga: { status: 'refunding', compensation: 'refund_requested' },
    payment: 'refunding',
    reservation: 'rejected',
    events: [
      ...paid,
      ['inventory.failed', 'inventory', 'payment.completed'],
      ['payment.refund.requested', 'order', 'inventory.failed'],
    ],
  },
  timedOut: {
    saga: { status: 'timeout_cancelled', reason: 'timeout', compensation: 'refunded' },
    payment: 'refunded',
    reservation: 'released',
    events: [
      ...reserved,
      ['order.cancelled', 'order'],
      ['payment.refund.requested', 'order'],
      ['payment.refunded', 'payment', 'payment.refund.requested'],
    ],
  },
  pending: { saga: { status: 'pending' }, events: [created] },
} as const satisfies Record<string, Plan>

const hour = 3_600_000
const cancelled = ['cancelled', 'timeout_cancelled']

/** Writes a consistent history of one order, placed an hour ago; a pending one a second ago. */
export async function writeScenario(system: AuditedSystem, name: keyof typeof plans, placed?: Date): Promise<Scenario> {
  const plan: Plan = plans[name]
  const at = placed ?? new Date(Date.now() - (name === 'pending' ? 1_000 : hour))
  const events = Object.fromEntries(plan.events.map(([event]) => [event, idAt(at)]))
  const scenario = { orderId: idAt(at), sagaId: idAt(at), events }
  await writeOrder(system, scenario, plan, at)
  if (plan.payment !== undefined) await writePayment(system, scenario, plan.payment, at)
  if (plan.reservation !== undefined) await writeReservation(system, scenario, plan.reservation, at)
  for (const [event, store, cause] of plan.events) {
    await append(system, store, scenario, event, { at, cause: cause === undefined ? undefined : events[cause] })
    // A pending order has not been processed by any consumer.
    if (name !== 'pending') for (const consumer of consumersOf(event)) await claim(system, consumer, events[event], at)
  }
  return scenario
}

async function writeOrder(system: AuditedSystem, scenario: Scenario, { saga, events }: Plan, at: Date): Promise<void> {
  const { status, reason = null, compensation = 'none' } = saga
  const ended = status === 'completed' || cancelled.includes(status)
  const orderStatus = status === 'completed' ? 'confirmed' : ended ? 'cancelled' : 'pending'
  await system.sql(
    'order',
    `INSERT INTO orders (order_id, saga_id, customer_email, items, amount, currency, status, created_at, updated_at)
     VALUES ($1, $2, 'ann@example.com', $3, $4, 'EUR', $5, $6, $6)`,
    [scenario.orderId, scenario.sagaId, JSON.stringify(items), amount, orderStatus, at],
  )
  const history = events.map(([event]) => ({ at, event, eventId: scenario.events[event] }))
  await system.sql(
    'order',
    `INSERT INTO saga_instances (saga_id, order_id, status, reason, compensation, timeout_at, history, created_at,
       updated_at, finished_at, refund_due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)`,
    [
      scenario.sagaId,
      scenario.orderId,
      status,
      reason,
      compensation,
      new Date(at.getTime() + 90_000),
      JSON.stringify(history),
      at,
      ended ? at : null,
      compensation === 'refund_requested' ? new Date() : null,
    ],
  )
}

async function writePayment(
  system: AuditedSystem,
  { orderId, sagaId }: Scenario,
  status: string,
  at: Date,
): Promise<void> {
  const charged = ['charged', 'refunding', 'refunded'].includes(status)
  await system.sql(
    'payment',
    `INSERT INTO payment_transactions (order_id, saga_id, payment_id, status, amount, currency, charge_id, refund_id,
       next_attempt_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, 'EUR', $6, $7, $8, $9, $9)`,
    [
      orderId,
      sagaId,
      randomUUID(),
      status,
      amount,
      charged ? `ch_${orderId}` : null,
      status === 'refunded' ? `re_${orderId}` : null,
      status === 'refunding' ? new Date() : null,
      at,
    ],
  )
}

async function writeReservation(
  system: AuditedSystem,
  { orderId, sagaId }: Scenario,
  status: string,
  at: Date,
): Promise<void> {
  const tracked = items.map((item) => ({ ...item, tracked: true }))
  await system.sql(
    'inventory',
    `INSERT INTO inventory_reservations (order_id, saga_id, reservation_id, status, items, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $6)`,
    [orderId, sagaId, randomUUID(), status, JSON.stringify(tracked), at],
  )
  for (const { sku, qty } of items) {
    const shipped = status === 'committed' ? qty : 0
    await system.sql(
      'inventory',
      `INSERT INTO stock (sku, available, shipped, received, updated_at) VALUES ($1, 100, $2::bigint, 100 + $2::bigint, $3)
       ON CONFLICT (sku) DO UPDATE SET shipped = stock.shipped + $2::bigint, received = stock.received + $2::bigint`,
      [sku, shipped, at],
    )
  }
}

/** An event in an outbox, published unless overridden. */
export async function append(
  system: AuditedSystem,
  store: StoreName,
  scenario: Pick<Scenario, 'orderId' | 'sagaId' | 'events'>,
  event: string,
  { at, cause, published = true, id }: { at: Date; cause?: string | undefined; published?: boolean; id?: string },
): Promise<string> {
  const eventId = id ?? scenario.events[event] ?? idAt(at)
  await system.sql(
    store,
    `INSERT INTO events (event_id, saga_id, order_id, routing_key, payload, causation_id, created_at, published_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      eventId,
      scenario.sagaId,
      scenario.orderId,
      event,
      JSON.stringify({ amount: '125.50', currency: 'EUR' }),
      cause ?? null,
      at,
      published ? at : null,
    ],
  )
  return eventId
}

/** The mark of an event in a consumer's inbox. */
export async function claim(
  system: AuditedSystem,
  consumer: StoreName,
  eventId: string | undefined,
  at: Date,
): Promise<void> {
  await system.sql(consumer, 'INSERT INTO processed_events (event_id, consumer, processed_at) VALUES ($1, $2, $3)', [
    eventId,
    `${consumer}_queue`,
    at,
  ])
}
