import { catalogue, type EventType, deadLetterQueue } from '@order-saga/contracts'
import type { TestBroker } from './broker.ts'
import { type Databases, type Store, stores } from './databases.ts'

export interface WorkSources {
  readonly databases: Databases
  readonly broker: TestBroker
  readonly mailServer?: { readonly received: readonly { readonly messageId: string }[] } | undefined
}

const events: readonly EventType[] = catalogue

/**
 * Why the system is not at rest; empty when it is. At rest every order is final, no payment request is in flight,
 * the outboxes and queues are empty, every published event has had its effect at each consumer, every mail has arrived.
 * A message is missed by one consumer only if that one has a dead letter for it.
 */
export async function unfinishedWork(sources: WorkSources): Promise<string[]> {
  const { databases } = sources
  const [open, moving, ...pending] = await Promise.all([
    databases.sql<{ status: string; count: number }>(
      'order',
      `SELECT status || ' ' || compensation AS status, count(*) AS count FROM saga_instances
       WHERE finished_at IS NULL OR compensation = 'refund_requested' GROUP BY 1`,
    ),
    databases.sql<{ status: string; count: number }>(
      'payment',
      `SELECT status, count(*) AS count FROM payment_transactions WHERE status IN ('charging', 'refunding') GROUP BY 1`,
    ),
    ...stores.map((store) =>
      databases.sql<{ key: string; count: number }>(
        store,
        `SELECT routing_key AS key, count(*) AS count FROM events
         WHERE published_at IS NULL AND parked_at IS NULL GROUP BY 1`,
      ),
    ),
  ])
  return [
    ...open.map(({ status, count }) => `${count} sagas are ${status}`),
    ...moving.map(({ status, count }) => `${count} payments are ${status}`),
    ...pending.flat().map(({ key, count }) => `${count} of ${key} are unpublished`),
    ...(await unhandled(sources)),
    ...(await unsentMails(sources)),
  ]
}

async function unhandled({ databases, broker }: WorkSources): Promise<string[]> {
  const reasons: string[] = []
  for (const [queue, count] of Object.entries(await broker.depths())) {
    if (!queue.endsWith('.dlq')) reasons.push(`${queue} holds ${count}`)
  }
  const published = await publishedByName(databases)
  for (const store of stores) {
    const due = events
      .filter((event) => event.consumedBy.includes(store))
      .reduce((sum, event) => sum + (published.get(event.name) ?? 0), 0)
    const [inbox] = await databases.sql<{ count: number }>(store, 'SELECT count(*) AS count FROM processed_events')
    const given = await broker.depth(deadLetterQueue(broker.queueOf(store)))
    const missing = due - (inbox?.count ?? 0) - given
    if (missing > 0) reasons.push(`${missing} published events are still to be handled by ${store}`)
  }
  return reasons
}

async function publishedByName(databases: Databases): Promise<Map<string, number>> {
  const counted = await Promise.all(
    stores.map((store: Store) =>
      databases.sql<{ name: string; count: number }>(
        store,
        'SELECT routing_key AS name, count(*) AS count FROM events WHERE published_at IS NOT NULL GROUP BY 1',
      ),
    ),
  )
  const sums = new Map<string, number>()
  for (const { name, count } of counted.flat()) sums.set(name, (sums.get(name) ?? 0) + count)
  return sums
}

/** The ids of the events that call for a mail: a refund of nothing does not. */
async function eventsWithMail(databases: Databases): Promise<string[]> {
  const due = `SELECT event_id AS id FROM events WHERE published_at IS NOT NULL AND (
    routing_key IN ('order.confirmed', 'order.cancelled')
    OR routing_key = 'payment.refunded' AND payload ? 'customerEmail' AND (payload ->> 'amount')::numeric > 0)`
  const found = await Promise.all([
    databases.sql<{ id: string }>('order', due),
    databases.sql<{ id: string }>('payment', due),
  ])
  return found.flat().map(({ id }) => id)
}

async function unsentMails({ databases, mailServer }: WorkSources): Promise<string[]> {
  if (mailServer === undefined) return []
  const received = new Set(mailServer.received.map(({ messageId }) => messageId.slice(1, messageId.indexOf('@'))))
  const missing = (await eventsWithMail(databases)).filter((id) => !received.has(id))
  return missing.length === 0 ? [] : [`${missing.length} mails have not arrived`]
}
