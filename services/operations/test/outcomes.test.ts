// needs: database
import { type Case, findsEach, all, appendEvent, removeEvent, orders, payments, remove, sagas } from './corruptions.ts'
import { useAuditedSystem } from './audited-system.ts'
import { claim } from './scenarios.ts'

const cases: readonly Case[] = [
  {
    plan: 'pending',
    how: 'is still open long after its deadline',
    corrupt: all(sagas("timeout_at = now() - interval '5 minutes'"), (system, { events }) =>
      claim(system, 'payment', events['order.created'], new Date()),
    ),
    found: 'finality: still open long after the deadline',
  },
  {
    plan: 'confirmed',
    how: 'has lost its saga',
    corrupt: remove('order', 'saga_instances'),
    found: 'finality: an order without a saga',
  },
  {
    // No other service has a record of it, so only the saga refers to it.
    plan: 'pending',
    how: 'is gone while its saga is there',
    corrupt: remove('order', 'orders'),
    found: 'finality: a saga without an order',
  },
  {
    plan: 'confirmed',
    how: 'names another saga',
    corrupt: orders('saga_id = gen_random_uuid()'),
    found: 'finality: the order references another saga',
  },
  {
    plan: 'confirmed',
    how: 'says other than its saga',
    corrupt: orders("status = 'pending'"),
    found: 'finality: the order is pending, its saga completed',
  },
  {
    plan: 'refunding',
    how: 'waits for a refund that payment has no record of',
    corrupt: payments("status = 'charged', next_attempt_at = NULL"),
    found: 'finality: a refund was requested, but payment has no record of the request',
  },
  {
    plan: 'timedOut',
    how: 'has ended and waits for a refund that payment has no record of',
    corrupt: all(sagas("compensation = 'refund_requested', refund_due_at = now()"), payments("status = 'charged'")),
    found: 'finality: a refund was requested, but payment has no record of the request',
  },
  {
    plan: 'refunding',
    how: 'waits for a refund of a payment that is not there',
    corrupt: remove('payment', 'payment_transactions'),
    found: 'finality: a refund was requested, but payment has no record of the request',
  },
  {
    plan: 'refunding',
    how: 'waits for a refund that was paid long ago',
    corrupt: payments("status = 'refunded', refund_id = 're', next_attempt_at = NULL"),
    found: 'finality: payment has answered the refund request, but the saga has no record of the answer',
  },
  {
    plan: 'refunding',
    how: 'waits for an overdue refund that is not requested again',
    corrupt: sagas("refund_due_at = now() - interval '5 minutes'"),
    found: 'finality: an overdue refund was not requested again',
  },
  {
    plan: 'refunding',
    how: 'waits for a refund whose outcome is not polled',
    corrupt: payments("next_attempt_at = now() - interval '5 minutes'"),
    found: 'finality: payment is refunding, but its outcome is not polled',
  },
  {
    plan: 'confirmed',
    how: 'was also cancelled, by an event',
    corrupt: appendEvent('order.cancelled', 'order'),
    found: 'one_outcome: both order.confirmed and order.cancelled were published',
  },
  {
    plan: 'confirmed',
    how: 'was also cancelled, by its history',
    corrupt: sagas(`history = history || '[{"event": "order.cancelled"}]', created_at = now() - interval '2 days'`),
    found: 'one_outcome: both order.confirmed and order.cancelled were published',
  },
  {
    plan: 'confirmed',
    how: 'was confirmed twice',
    corrupt: appendEvent('order.confirmed', 'order'),
    found: 'one_outcome: order.confirmed was published more than once',
  },
  {
    plan: 'declined',
    how: 'was cancelled twice',
    corrupt: appendEvent('order.cancelled', 'order'),
    found: 'one_outcome: order.cancelled was published more than once',
  },
  {
    plan: 'confirmed',
    how: 'is completed and was reported cancelled',
    corrupt: all(
      sagas(
        `history = '[{"event": "payment.completed"}, {"event": "inventory.reserved"}, {"event": "order.cancelled"}]',
         created_at = now() - interval '2 days'`,
      ),
      removeEvent('order', 'order.confirmed'),
      (system, { events }) =>
        system.sql('inventory', 'DELETE FROM processed_events WHERE event_id = $1', [events['order.confirmed']]),
    ),
    found: 'one_outcome: completed, but order.cancelled was published',
  },
  {
    plan: 'confirmed',
    how: 'has seen no payment',
    corrupt: sagas(`history = jsonb_path_query_array(history, '$[*] ? (@.event != "payment.completed")')`),
    found: 'proofs: confirmed without a payment that matches the order',
  },
  {
    plan: 'confirmed',
    how: 'has seen a payment of another amount only',
    corrupt: sagas(
      `history = jsonb_path_query_array(history, '$[*] ? (@.event != "payment.completed")') ||
         '[{"event": "payment.completed", "ignored": "violation"}]'`,
    ),
    found: 'proofs: confirmed without a payment that matches the order',
  },
  {
    plan: 'confirmed',
    how: 'has seen a reservation of other items only',
    corrupt: sagas(
      `history = jsonb_path_query_array(history, '$[*] ? (@.event != "inventory.reserved")') ||
         '[{"event": "inventory.reserved", "ignored": "violation"}]'`,
    ),
    found: 'proofs: confirmed without a reservation that matches the order',
  },
  {
    plan: 'declined',
    how: 'is cancelled and was reported confirmed',
    corrupt: all(
      sagas(`history = '[{"event": "order.confirmed"}]', created_at = now() - interval '2 days'`),
      removeEvent('order', 'order.cancelled'),
      async (system, { events }) => {
        for (const store of ['payment', 'inventory'] as const) {
          await system.sql(store, 'DELETE FROM processed_events WHERE event_id = $1', [events['order.cancelled']])
        }
      },
    ),
    found: 'one_outcome: cancelled, but order.confirmed was published',
  },
]

describe('the audit of outcomes', () => {
  const system = useAuditedSystem()

  findsEach(cases, system)
})
