import { auditClientAnswers } from './client-answers.ts'
import { auditDeliveries } from './deliveries.ts'
import { auditGhosts } from './ghosts.ts'
import { type AuditOptions, resolveOptions } from './options.ts'
import { auditOrders } from './orders.ts'
import { auditOutboxes } from './outbox-state.ts'
import { readQueueDepths } from './queue-depths.ts'
import { connectReadOnly } from './read-only-database.ts'
import type { AuditReport } from './report.ts'
import type { AuditSources, BrokerSource } from './sources.ts'
import { storeNames } from '../inspect/stores.ts'
import { auditStock } from './stock-balance.ts'
import { Tally } from './tally.ts'

/**
 * Checks the history of the whole system against its invariants. Reads only, in short snapshots, and holds a page of each
 * table in memory at most; what looks wrong is looked at again until it has come to rest, so a system at work is no
 * violation. Takes up to a few times `settleMs` longer when there are suspects.
 * @throws Error when a database or the broker is away or refuses: half a sentence that names it
 */
export async function audit(sources: AuditSources, options: AuditOptions = {}): Promise<AuditReport> {
  const resolved = resolveOptions(options)
  const { broker, clientAnswers, gateway, foreignEvents } = sources
  const startedAt = resolved.now()
  const tally = new Tally(resolved.idsShown)
  const databases = await connectReadOnly(sources, resolved.statementTimeoutMs)
  try {
    await auditOrders(databases, tally, resolved, gateway)
    await auditStock(databases, tally)
    await auditDeliveries(databases, tally, resolved, broker)
    await auditOutboxes(databases, tally, resolved)
    await auditGhosts(databases, tally, resolved, foreignEvents)
    if (clientAnswers === undefined) tally.skip('client_answers')
    else await auditClientAnswers(databases, tally, clientAnswers)
    if (broker === undefined) tally.skip('dead_letters')
    else await auditQueues(broker, tally, resolved.allowDeadLetters)
  } finally {
    await Promise.all(storeNames.map((store) => databases[store].close()))
  }
  return tally.report(startedAt, resolved.now())
}

/** A dead letter is an effect that somebody still waits for. */
async function auditQueues(broker: BrokerSource, tally: Tally, allowed: number): Promise<void> {
  const depths = await readQueueDepths(broker)
  const deadLetters = depths.filter((depth) => depth.deadLetters)
  const total = deadLetters.reduce((sum, { messages }) => sum + messages, 0)
  for (const { queue, messages } of depths) tally.note('queues', [`${queue}: ${messages}`])
  if (total <= allowed) return
  for (const { queue, messages } of deadLetters) tally.violation('dead_letters', `in ${queue}`, [], messages)
}
