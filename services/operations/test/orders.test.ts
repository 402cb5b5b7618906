import assert from 'node:assert/strict'
import { consumersOf } from '../src/audit/routes.ts'
import type { StoreName } from '../src/audit/sources.ts'
import { AuditedSystem, violationsIn } from './audited-system.ts'
import { append, claim, type plots, type Story, tell } from './story.ts'

type Break = (system: AuditedSystem, story: Story) => Promise<unknown>

interface Case {
  readonly plot: keyof typeof plots
  readonly how: string
  readonly breaks: Break
  readonly found: string
}

/** Changes the order's own rows. */
const set =
  (store: StoreName, table: string, change: string): Break =>
  (system, { orderId }) =>
    system.sql(store, `UPDATE ${table} SET ${change} WHERE order_id = $1`, [orderId])
const remove =
  (store: StoreName, table: string): Break =>
  (system, { orderId }) =>
    system.sql(store, `DELETE FROM ${table} WHERE order_id = $1`, [orderId])
const forgetEvent =
  (store: StoreName, name: string): Break =>
  (system, { events }) =>
    system.sql(store, 'DELETE FROM events WHERE event_id = $1', [events[name]])
const all =
  (...breaks: Break[]): Break =>
  async (system, story) => {
    for (const one of breaks) await one(system, story)
  }
/** One more event, processed like the others. */
const alsoSays =
  (name: string, store: StoreName, cause?: string): Break =>
  async (system, story) => {
    const at = new Date(Date.now() - 3_600_000)
    const eventId = await append(system, store, { ...story, events: {} }, name, {
      at,
      cause: story.events[cause ?? ''],
    })
    for (const consumer of consumersOf(name)) await claim(system, consumer, eventId, at)
  }
const setAmount =
  (name: string, amount: string): Break =>
  (system, { events }) =>
    system.sql('payment', 'UPDATE events SET payload = payload || $2 WHERE event_id = $1', [
      events[name],
      JSON.stringify({ amount }),
    ])
const orders = (change: string): Break => set('order', 'orders', change)
const sagas = (change: string): Break => set('order', 'saga_instances', change)
const payments = (change: string): Break => set('payment', 'payment_transactions', change)
const reservations = (change: string): Break => set('inventory', 'inventory_reservations', change)
/** Keeps the article's balance out of tests about single orders. */
const stockFollows: Break = (system) => system.sql('inventory', 'TRUNCATE stock')
const untracked = reservations(
  `items = (SELECT jsonb_agg(i || '{"tracked": false}') FROM jsonb_array_elements(items) i)`,
)

const cases: Case[] = [
  {
    plot: 'pending',
    how: 'is still open long after its deadline',
    breaks: all(sagas("timeout_at = now() - interval '5 minutes'"), (system, { events }) =>
      claim(system, 'payment', events['order.created'], new Date()),
    ),
    found: 'finality: still open long after the deadline',
  },
  {
    plot: 'confirmed',
    how: 'has lost its saga',
    breaks: remove('order', 'saga_instances'),
    found: 'finality: an order without its saga',
  },
  {
    // Known to nobody else yet, so nothing but the saga leads to it.
    plot: 'pending',
    how: 'is gone while its saga is there',
    breaks: remove('order', 'orders'),
    found: 'finality: a saga without its order',
  },
  {
    plot: 'confirmed',
    how: 'names another saga',
    breaks: orders('saga_id = gen_random_uuid()'),
    found: 'finality: the order names another saga',
  },
  {
    plot: 'confirmed',
    how: 'says other than its saga',
    breaks: orders("status = 'pending'"),
    found: 'finality: the order is pending, its saga completed',
  },
  {
    plot: 'refunding',
    how: 'waits for a refund that payment never saw asked for',
    breaks: payments("status = 'charged', next_attempt_at = NULL"),
    found: 'finality: a refund was asked for and payment never saw it',
  },
  {
    plot: 'timedOut',
    how: 'has ended and waits for a refund that payment never saw asked for',
    breaks: all(sagas("compensation = 'refund_requested', refund_due_at = now()"), payments("status = 'charged'")),
    found: 'finality: a refund was asked for and payment never saw it',
  },
  {
    plot: 'refunding',
    how: 'waits for a refund of a payment that is not there',
    breaks: remove('payment', 'payment_transactions'),
    found: 'finality: a refund was asked for and payment never saw it',
  },
  {
    plot: 'refunding',
    how: 'waits for a refund that was paid long ago',
    breaks: payments("status = 'refunded', refund_id = 're', next_attempt_at = NULL"),
    found: 'finality: payment has answered the refund long ago and the saga does not know',
  },
  {
    plot: 'refunding',
    how: 'waits for an overdue refund that nobody asks for again',
    breaks: sagas("refund_due_at = now() - interval '5 minutes'"),
    found: 'finality: an overdue refund was not asked for again',
  },
  {
    plot: 'refunding',
    how: 'waits for a refund whose outcome nobody looks for',
    breaks: payments("next_attempt_at = now() - interval '5 minutes'"),
    found: 'finality: payment is refunding, and nobody looks for the outcome',
  },
  {
    plot: 'confirmed',
    how: 'was also cancelled, by an event',
    breaks: alsoSays('order.cancelled', 'order'),
    found: 'one_outcome: both order.confirmed and order.cancelled',
  },
  {
    plot: 'confirmed',
    how: 'was also cancelled, by its history',
    breaks: sagas(`history = history || '[{"event": "order.cancelled"}]', created_at = now() - interval '2 days'`),
    found: 'one_outcome: both order.confirmed and order.cancelled',
  },
  {
    plot: 'confirmed',
    how: 'was confirmed twice',
    breaks: alsoSays('order.confirmed', 'order'),
    found: 'one_outcome: order.confirmed more than once',
  },
  {
    plot: 'declined',
    how: 'was cancelled twice',
    breaks: alsoSays('order.cancelled', 'order'),
    found: 'one_outcome: order.cancelled more than once',
  },
  {
    plot: 'confirmed',
    how: 'ended as completed and was told to be cancelled',
    breaks: all(
      sagas(`history = '[{"event": "order.cancelled"}]', created_at = now() - interval '2 days'`),
      forgetEvent('order', 'order.confirmed'),
      (system, { events }) =>
        system.sql('inventory', 'DELETE FROM processed_events WHERE event_id = $1', [events['order.confirmed']]),
    ),
    found: 'one_outcome: completed, and order.cancelled',
  },
  {
    plot: 'declined',
    how: 'ended as cancelled and was told to be confirmed',
    breaks: all(
      sagas(`history = '[{"event": "order.confirmed"}]', created_at = now() - interval '2 days'`),
      forgetEvent('order', 'order.cancelled'),
      async (system, { events }) => {
        for (const store of ['payment', 'inventory'] as const) {
          await system.sql(store, 'DELETE FROM processed_events WHERE event_id = $1', [events['order.cancelled']])
        }
      },
    ),
    found: 'one_outcome: cancelled, and order.confirmed',
  },
  {
    plot: 'declined',
    how: 'was cancelled and its money kept',
    breaks: payments("status = 'charged', charge_id = 'ch'"),
    found: 'money: cancelled, but its money is kept and no refund is under way',
  },
  {
    plot: 'timedOut',
    how: 'believes in a refund that was not made',
    breaks: payments("status = 'charged'"),
    found: 'money: cancelled, but its money is kept and no refund is under way',
  },
  {
    plot: 'confirmed',
    how: 'is confirmed and unknown to payment',
    breaks: remove('payment', 'payment_transactions'),
    found: 'money: confirmed, but payment does not know it',
  },
  {
    plot: 'confirmed',
    how: 'is confirmed and was refunded',
    breaks: payments("status = 'refunded'"),
    found: 'money: confirmed, but its payment is refunded',
  },
  {
    plot: 'confirmed',
    how: 'is confirmed and has no charge',
    breaks: payments('charge_id = NULL'),
    found: 'money: confirmed, but charged without a charge id',
  },
  {
    plot: 'confirmed',
    how: 'was charged another amount',
    breaks: orders('amount = 125.51'),
    found: 'money: confirmed, but charged another amount',
  },
  {
    plot: 'confirmed',
    how: 'was charged in another currency',
    breaks: orders("currency = 'USD'"),
    found: 'money: confirmed, but charged another amount',
  },
  {
    plot: 'confirmed',
    how: 'was announced to have paid another amount',
    breaks: setAmount('payment.completed', '1.00'),
    found: 'money: another amount was announced than was charged',
  },
  {
    plot: 'compensated',
    how: 'got back less than it had paid',
    breaks: setAmount('payment.refunded', '125.00'),
    found: 'money: another amount was refunded than was charged',
  },
  {
    plot: 'declined',
    how: 'does not exist and has paid',
    breaks: all(
      payments("status = 'charged', charge_id = 'ch'"),
      remove('order', 'saga_instances'),
      remove('order', 'orders'),
    ),
    found: 'money: money was taken for an order that does not exist',
  },
  {
    plot: 'confirmed',
    how: 'was paid under another saga',
    breaks: payments('saga_id = gen_random_uuid()'),
    found: 'money: its payment names another saga',
  },
  {
    plot: 'confirmed',
    how: 'was reserved under another saga',
    breaks: reservations('saga_id = gen_random_uuid()'),
    found: 'stock: its reservation names another saga',
  },
  {
    plot: 'declined',
    how: 'was cancelled and holds its stock',
    breaks: all(reservations("status = 'reserved'"), untracked),
    found: 'stock: cancelled, but its stock is reserved',
  },
  {
    plot: 'timedOut',
    how: 'was cancelled and its stock shipped',
    breaks: all(reservations("status = 'committed'"), untracked),
    found: 'stock: cancelled, but its stock is committed',
  },
  {
    plot: 'confirmed',
    how: 'is confirmed and was never shipped',
    breaks: all(reservations("status = 'reserved'"), untracked, stockFollows),
    found: 'stock: confirmed, but its reservation is reserved',
  },
  {
    plot: 'confirmed',
    how: 'is confirmed and unknown to inventory',
    breaks: all(remove('inventory', 'inventory_reservations'), stockFollows),
    found: 'stock: confirmed, but inventory does not know it',
  },
  {
    plot: 'confirmed',
    how: 'took other quantities',
    breaks: orders(`items = '[{"sku": "TEA", "qty": 2}, {"sku": "POT", "qty": 2}]'`),
    found: 'stock: confirmed, but other quantities were taken',
  },
  {
    plot: 'confirmed',
    how: 'took other articles',
    breaks: orders(`items = '[{"sku": "TEA", "qty": 2}]'`),
    found: 'stock: confirmed, but other quantities were taken',
  },
  {
    plot: 'declined',
    how: 'does not exist and holds stock',
    breaks: all(
      reservations("status = 'reserved'"),
      untracked,
      remove('order', 'saga_instances'),
      remove('order', 'orders'),
    ),
    found: 'stock: stock is held for an order that does not exist',
  },
  {
    plot: 'confirmed',
    how: 'completed without saying so',
    breaks: all(forgetEvent('order', 'order.confirmed'), (system, { events }) =>
      system.sql('inventory', 'DELETE FROM processed_events WHERE event_id = $1', [events['order.confirmed']]),
    ),
    found: 'events: completed, and no outbox holds its order.confirmed',
  },
  {
    plot: 'compensated',
    how: 'was paid twice for one event',
    breaks: alsoSays('payment.completed', 'payment', 'order.created'),
    found: 'events: one event has led to two of payment.completed',
  },
]

describe('the audit of single orders', () => {
  let system: AuditedSystem

  before(async () => {
    system = await AuditedSystem.start()
  })
  after(() => system.stop())
  afterEach(() => system.clear())

  for (const { plot, how, breaks, found } of cases) {
    it(`finds one that ${how}`, async () => {
      await tell(system, 'declined')
      const story = await tell(system, plot)
      assert.deepEqual(violationsIn(await system.audit()), {}, 'before it was broken')
      await breaks(system, story)
      const report = await system.audit()
      assert.deepEqual(violationsIn(report), { [found]: [story.orderId] })
      assert.equal(report.clean, false)
    })
  }

  it('lets a refund be asked for again, and be answered with 0 before the charge was known', async () => {
    const story = await tell(system, 'compensated')
    await alsoSays('payment.refund.requested', 'order')(system, story)
    await alsoSays('payment.refund.requested', 'order')(system, story)
    await alsoSays('payment.refunded', 'payment')(system, story)
    await setAmount('payment.refunded', '0')(system, story)
    assert.deepEqual(violationsIn(await system.audit()), {})
  })

  it('finds one whose refund was only ever answered with 0', async () => {
    const story = await tell(system, 'compensated')
    await setAmount('payment.refunded', '0.00')(system, story)
    assert.deepEqual(violationsIn(await system.audit()), {
      'money: another amount was refunded than was charged': [story.orderId],
    })
  })

  it('counts every order when there are more suspects than it holds at once', async () => {
    for (let i = 0; i < 5; i += 1) await tell(system, 'declined')
    await system.sql('payment', "UPDATE payment_transactions SET status = 'charged', charge_id = order_id::text")
    const report = await system.audit({ suspectLimit: 2, idsShown: 10 })
    const money = report.checks.find(({ check }) => check === 'money')
    assert.deepEqual([money?.violations, new Set(money?.kinds[0]?.ids).size], [5, 5])
  })

  it('takes equal quantities in other lines, and equal amounts with fewer decimals, as the same', async () => {
    const { orderId } = await tell(system, 'confirmed')
    const split = [
      { sku: 'POT', qty: 1 },
      { sku: 'TEA', qty: 1 },
      { sku: 'TEA', qty: 1 },
    ]
    await system.sql('order', 'UPDATE orders SET items = $2 WHERE order_id = $1', [orderId, JSON.stringify(split)])
    assert.deepEqual(violationsIn(await system.audit()), {})
  })

  it('names as many orders as it may, and counts the rest', async () => {
    for (let i = 0; i < 3; i += 1) await tell(system, 'declined')
    await system.sql('payment', "UPDATE payment_transactions SET status = 'charged', charge_id = order_id::text")
    const report = await system.audit({ idsShown: 2 })
    const money = report.checks.find(({ check }) => check === 'money')
    assert.equal(money?.violations, 3)
    assert.equal(money?.kinds[0]?.ids.length, 2)
  })
})
