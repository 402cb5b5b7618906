import { clockOf, DatabaseClock } from '@order-saga/chassis'
import { auditClientAnswers } from './client-answers.ts'
import { auditDeliveries } from './deliveries.ts'
import { auditOrphans } from './orphans.ts'
import { type AuditOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { auditOperatorActs } from './operator-acts.ts'
import { auditOrders } from './orders.ts'
import { auditOutboxes } from './outboxes.ts'
import { readQueueDepths, readRetries } from './queues.ts'
import { connectReadOnly } from './read-only-database.ts'
import type { AuditReport } from './report.ts'
import type { AuditSources, BrokerSource } from './sources.ts'
import { storeNames } from '../inspect/stores.ts'
import { auditStock } from './stock-balance.ts'
import { AuditCounts } from './audit-counts.ts'

/**
 * Checks the history of the whole system against its invariants. It only reads, in short snapshots, and holds at most one
 * page of each table in memory. It reads suspects again, at most `recheckLimit` times with a pause of `settleMs`, so that
 * sagas in flight are no violations.
 * @throws SourceUnavailable
 */
export async function audit(sources: AuditSources, options: AuditOptions = {}): Promise<AuditReport> {
  const clock = new DatabaseClock()
  const resolved = resolveOptions(options, () => clock.now())
  const { broker, clientAnswers, gateway, foreignEvents } = sources
  const counts = new AuditCounts(resolved.idsShown)
  const databases = await connectReadOnly(sources, resolved.statementTimeoutMs)
  let startedAt: Date
  try {
    // Most ages are of rows of this database.
    await clock.measure(clockOf(({ text }) => databases.order.read(text)))
    startedAt = resolved.now()
    await auditOrders(databases, counts, resolved, gateway)
    await auditStock(databases, counts)
    await auditDeliveries(databases, counts, resolved, broker)
    await auditOutboxes(databases, counts, resolved)
    await auditOrphans(databases, counts, resolved, foreignEvents)
    await auditOperatorActs(databases.order, counts)
    if (clientAnswers === undefined) counts.skip('client_answers')
    else await auditClientAnswers(databases, counts, clientAnswers)
    if (broker === undefined) for (const check of ['dead_letters', 'retries'] as const) counts.skip(check)
    else await auditQueues(broker, counts, resolved)
  } finally {
    await Promise.all(storeNames.map((store) => databases[store].close()))
  }
  return counts.report(startedAt, resolved.now())
}

/** Each dead letter is an event whose effect is missing. */
async function auditQueues(broker: BrokerSource, counts: AuditCounts, options: ResolvedOptions): Promise<void> {
  const depths = await readQueueDepths(broker)
  const allowed = options.allowDeadLetters
  const deadLetters = depths.filter((depth) => depth.deadLetters)
  const total = deadLetters.reduce((sum, { messages }) => sum + messages, 0)
  for (const { queue, messages } of depths) counts.note('queues', [`${queue}: ${messages}`])
  const retries = await readRetries(broker, depths, options.now)
  if (retries === undefined) counts.skip('retries')
  for (const { id, queue, event, state } of retries ?? []) {
    if (state === 'stuck') counts.violation('retries', `in ${queue}, after its delay`, [`${id} ${event}`])
  }
  if (total <= allowed) return
  for (const { queue, messages } of deadLetters) counts.violation('dead_letters', `in ${queue}`, [], messages)
}
