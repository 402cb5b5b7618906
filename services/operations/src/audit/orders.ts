import { chargeKey, refundKey } from './checks/money.ts'
import { FactsReader } from './facts-reader.ts'
import { scanFacts } from './facts-scan.ts'
import { isLongAgo, type CheckContext } from './finding.ts'
import { isOpen, type OrderFacts } from './order-facts.ts'
import { findingsOf, OrderSuspects } from './order-suspects.ts'
import { clockSlackMs, type ResolvedOptions } from './options.ts'
import type { Databases } from './read-only-database.ts'
import { readEvents } from './saga-events.ts'
import type { GatewayLedger } from './sources.ts'
import type { AuditCounts } from './audit-counts.ts'

/** Invariants 1 to 4, and the announcements of 5: every order in any database, checked with the rows of all databases. */
export async function auditOrders(
  databases: Databases,
  counts: AuditCounts,
  options: ResolvedOptions,
  gateway?: GatewayLedger,
): Promise<void> {
  const reader = new FactsReader(databases)
  const context = (): CheckContext => {
    const now = options.now()
    const outboxSince = new Date(now.getTime() - options.outboxRetentionMs + clockSlackMs)
    return { now, toleranceMs: options.toleranceMs, outboxSince, gateway }
  }
  const suspects = new OrderSuspects({ databases, reader, counts, options, context })
  const unmatched = new Set(gateway === undefined ? [] : [...gateway.charges.keys(), ...gateway.refunds.keys()])
  for await (const batch of scanFacts(reader, options.pageSize)) {
    const current = context()
    // The outboxes hold events of recently changed sagas only.
    const recent = batch.flatMap(({ saga }) =>
      saga !== undefined && saga.updatedAt >= current.outboxSince ? [saga.sagaId] : [],
    )
    const events = await readEvents(databases, recent)
    for (const row of batch) {
      const facts = { ...row, events: events.get(row.saga?.sagaId ?? '') }
      counts.orders += 1
      note(facts, current, counts)
      unmatched.delete(chargeKey(facts.orderId))
      unmatched.delete(refundKey(facts.orderId))
      if (findingsOf(facts, current).length > 0) await suspects.add(facts)
    }
  }
  await suspects.settle()
  counts.violation('money', 'charged or refunded at the provider for an order that does not exist', [...unmatched])
}

function note({ orderId, saga, payment }: OrderFacts, context: CheckContext, counts: AuditCounts): void {
  if (saga === undefined) return
  if (saga.hasViolations) counts.note('protocol_violations', [orderId])
  if (isOpen(saga)) counts.note('in_flight', [orderId])
  else if (saga.compensation === 'refund_requested') counts.note('open_compensations', [orderId])
  else if (payment?.status === 'charging' || payment?.status === 'refunding') counts.note('unknown_outcomes', [orderId])
  if (saga.finishedAt === null || saga.reason === 'compensation') return
  const late = isLongAgo(saga.timeoutAt, { ...context, now: saga.finishedAt })
  if (late) counts.note('late_ends', [orderId])
}
