import type { FactsReader } from './facts-reader.ts'
import { rechecks, type ResolvedOptions } from './options.ts'
import { isOpen, type OrderFacts } from './order-facts.ts'
import { depthOf, type QueueDepth, readQueueDepths } from './queues.ts'
import { chunks, type Databases, eventsMissingIn } from './read-only-database.ts'
import type { BrokerSource } from './sources.ts'
import { type StoreName, storeNames } from '../inspect/stores.ts'
import type { AuditCounts } from './audit-counts.ts'

export interface Delivery {
  readonly consumer: StoreName
  readonly eventId: string
  readonly orderId: string
  readonly name: string
}

export interface DeliverySuspectDependencies {
  readonly databases: Databases
  readonly reader: FactsReader
  readonly counts: AuditCounts
  readonly options: ResolvedOptions
  readonly broker: BrokerSource | undefined
}

/**
 * Published events that were not processed. Each is checked again after `settleMs`. Reading a queue would disturb it, so an
 * event counts as lost only when its consumer's queues were empty at one check and it is still unprocessed at the next; and
 * not while its saga is open before the deadline, or payment waits for its provider.
 */
export class DeliverySuspects {
  readonly #dependencies: DeliverySuspectDependencies
  #suspects: Delivery[] = []
  readonly #lost: Record<StoreName, Delivery[]> = { order: [], payment: [], inventory: [] }
  readonly #lostCount: Record<StoreName, number> = { order: 0, payment: 0, inventory: 0 }
  /** Consumers whose queues were never empty during all checks: their other missing events count as queued. */
  readonly #backlogged = new Set<StoreName>()

  constructor(dependencies: DeliverySuspectDependencies) {
    this.#dependencies = dependencies
  }

  async add(delivery: Delivery): Promise<void> {
    if (this.#backlogged.has(delivery.consumer)) this.#noteOutstanding(delivery)
    else this.#suspects.push(delivery)
    if (this.#suspects.length >= this.#dependencies.options.suspectLimit) await this.#settle()
  }

  /** Checks the rest and reports. Each dead letter explains one missing event, unless all dead letters are accepted. */
  async finish(): Promise<void> {
    await this.#settle()
    if (storeNames.every((store) => this.#lostCount[store] === 0)) return
    const { counts, options } = this.#dependencies
    const depths = await this.#depths()
    const deadLetters = depths.reduce((sum, depth) => sum + (depth.deadLetters ? depth.messages : 0), 0)
    for (const store of storeNames) {
      const explained = deadLetters <= options.allowDeadLetters ? 0 : depthOf(depths, store).deadLetters
      const ids = this.#lost[store].map(({ eventId, name }) => `${eventId} ${name}`)
      const count = this.#lostCount[store]
      if (count <= explained) counts.note('outstanding_events', ids, count)
      else counts.violation('events', `published, and neither processed by ${store} nor in its queues`, ids, count)
    }
  }

  async #settle(): Promise<void> {
    if (this.#suspects.length === 0) return
    const { options } = this.#dependencies
    let depths = await this.#depths()
    for (let check = 1; check <= rechecks && this.#suspects.length > 0; check += 1) {
      await options.pause(options.settleMs)
      const missing = await this.#stillMissing()
      const lost = missing.filter(({ consumer }) => depthOf(depths, consumer).waiting === 0)
      for (const delivery of await this.#unexplained(lost)) this.#addLost(delivery)
      this.#suspects = missing.filter(({ consumer }) => depthOf(depths, consumer).waiting > 0)
      if (this.#suspects.length > 0) depths = await this.#depths()
    }
    for (const delivery of this.#suspects) {
      this.#backlogged.add(delivery.consumer)
      this.#noteOutstanding(delivery)
    }
    this.#suspects = []
  }

  async #stillMissing(): Promise<Delivery[]> {
    const missing: Delivery[] = []
    for (const store of storeNames) {
      const own = this.#suspects.filter(({ consumer }) => consumer === store)
      const ids = new Set(
        await eventsMissingIn(
          this.#dependencies.databases[store],
          'processed_events',
          own.map(({ eventId }) => eventId),
        ),
      )
      missing.push(...own.filter(({ eventId }) => ids.has(eventId)))
    }
    return missing
  }

  async #unexplained(deliveries: readonly Delivery[]): Promise<Delivery[]> {
    const { reader, options } = this.#dependencies
    const unexplained: Delivery[] = []
    for (const some of chunks(deliveries, options.pageSize)) {
      const facts = await reader.read(some.map(({ orderId }) => orderId))
      for (const [i, delivery] of some.entries()) {
        if (this.#mayBeUnacknowledged(delivery, facts[i])) this.#noteOutstanding(delivery)
        else unexplained.push(delivery)
      }
    }
    return unexplained
  }

  /** A consumer may retain it unacknowledged, which no queue depth shows. */
  #mayBeUnacknowledged({ consumer }: Delivery, facts: OrderFacts | undefined): boolean {
    const { now, toleranceMs } = this.#dependencies.options
    const status = facts?.payment?.status
    if (consumer === 'payment' && (status === 'charging' || status === 'refunding')) return true
    const saga = facts?.saga
    return saga !== undefined && isOpen(saga) && saga.timeoutAt.getTime() + toleranceMs > now().getTime()
  }

  #noteOutstanding({ eventId, name }: Delivery): void {
    this.#dependencies.counts.note('outstanding_events', [`${eventId} ${name}`])
  }

  #addLost(delivery: Delivery): void {
    const { consumer } = delivery
    this.#lostCount[consumer] += 1
    if (this.#lost[consumer].length < this.#dependencies.options.idsShown) this.#lost[consumer].push(delivery)
  }

  async #depths(): Promise<QueueDepth[]> {
    const { broker } = this.#dependencies
    return broker === undefined ? [] : await readQueueDepths(broker)
  }
}
