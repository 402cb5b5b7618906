import { checkAppendedEvents } from './checks/appended-events.ts'
import { checkFinality } from './checks/finality.ts'
import { checkMoney, checkProviderRecords } from './checks/money.ts'
import { checkOneOutcome } from './checks/one-outcome.ts'
import { checkProofs } from './checks/proofs.ts'
import { checkStock } from './checks/stock.ts'
import type { FactsReader } from './facts-reader.ts'
import type { CheckContext, Finding } from './finding.ts'
import { rechecks, type ResolvedOptions } from './options.ts'
import { fingerprint, type OrderFacts, sagaIdOf } from './order-facts.ts'
import { chunks, type Databases } from './read-only-database.ts'
import { readEvents, sagasInFlight } from './saga-events.ts'
import type { AuditCounts } from './audit-counts.ts'

const orderChecks = [
  checkFinality,
  checkOneOutcome,
  checkMoney,
  checkProviderRecords,
  checkStock,
  checkAppendedEvents,
  checkProofs,
]

/** The findings of all checks on one order. Pure. */
export function findingsOf(facts: OrderFacts, context: CheckContext): Finding[] {
  return orderChecks.flatMap((check) => check(facts, context))
}

export interface OrderSuspectDependencies {
  readonly databases: Databases
  readonly reader: FactsReader
  readonly counts: AuditCounts
  readonly options: ResolvedOptions
  readonly context: () => CheckContext
}

interface Suspect {
  readonly sagaId: string
  readonly fingerprint: string
}

/**
 * Orders with findings. Each is read again after `settleMs`, until it has no findings, or its rows did not change between
 * two reads and no event that could correct it is in flight: only then it is a violation.
 */
export class OrderSuspects {
  readonly #dependencies: OrderSuspectDependencies
  readonly #suspects = new Map<string, Suspect>()

  constructor(dependencies: OrderSuspectDependencies) {
    this.#dependencies = dependencies
  }

  async add(facts: OrderFacts): Promise<void> {
    this.#track(facts)
    if (this.#suspects.size >= this.#dependencies.options.suspectLimit) await this.settle()
  }

  async settle(): Promise<void> {
    const { options } = this.#dependencies
    for (let check = 1; check <= rechecks && this.#suspects.size > 0; check += 1) {
      await options.pause(options.settleMs)
      for (const ids of chunks([...this.#suspects.keys()], options.pageSize)) await this.#check(ids, check === rechecks)
    }
  }

  async #check(orderIds: readonly string[], last: boolean): Promise<void> {
    const { databases, reader, counts, options } = this.#dependencies
    const inboxSince = new Date(options.now().getTime() - options.inboxRetentionMs)
    // Events in flight are read before the rows: an event processed in between shows as a changed row.
    const sagaIds = orderIds.flatMap((orderId) => this.#suspects.get(orderId)?.sagaId ?? [])
    const events = await readEvents(databases, sagaIds)
    const inFlight = await sagasInFlight(databases, events, inboxSince)
    const rows = await reader.read(orderIds)
    const context = this.#dependencies.context()
    for (const row of rows) {
      const { orderId } = row
      const suspect = this.#suspects.get(orderId)
      const sagaId = suspect?.sagaId ?? ''
      const facts = { ...row, events: events.get(sagaId) }
      const findings = findingsOf(facts, context)
      const unchanged = suspect?.fingerprint === fingerprint(facts)
      const certain = unchanged ? findings.filter(({ isTransient }) => !isTransient || !inFlight.has(sagaId)) : []
      if (certain.length < findings.length && !last) {
        this.#track(facts)
        continue
      }
      this.#suspects.delete(orderId)
      for (const { check, kind } of certain) counts.violation(check, kind, [orderId])
      if (certain.length < findings.length) counts.note('unsettled', [orderId])
    }
  }

  #track(facts: OrderFacts): void {
    this.#suspects.set(facts.orderId, { sagaId: sagaIdOf(facts) ?? '', fingerprint: fingerprint(facts) })
  }
}
