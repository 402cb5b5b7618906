// needs: database
import { type Case, findsEach, all, appendEvent, removeEvent } from './corruptions.ts'
import { useAuditedSystem } from './audited-system.ts'

const cases: readonly Case[] = [
  {
    plan: 'confirmed',
    how: 'completed without saying so',
    corrupt: all(removeEvent('order', 'order.confirmed'), (system, { events }) =>
      system.sql('inventory', 'DELETE FROM processed_events WHERE event_id = $1', [events['order.confirmed']]),
    ),
    found: 'events: completed, but no outbox contains its order.confirmed',
  },
  {
    plan: 'compensated',
    how: 'was paid twice for one event',
    corrupt: appendEvent('payment.completed', 'payment', 'order.created'),
    found: 'events: one event caused payment.completed twice',
  },
]

describe('the audit of appended events', () => {
  const system = useAuditedSystem()

  findsEach(cases, system)
})
