import type { QueueNames } from '@order-saga/contracts'
import type { DatabaseSource, StoreName } from '../inspect/stores.ts'

export interface BrokerSource {
  readonly url: string
  readonly queues: QueueNames
  readonly retryDelaysMs: readonly number[]
}

/** What one client was answered when it posted an order. */
export interface ClientAnswer {
  readonly at: string
  /** HTTP status; only 2xx promises anything. */
  readonly status: number
  readonly orderId?: string | undefined
  readonly sagaId?: string | undefined
  readonly idempotencyKey?: string | undefined
}

/** One movement of money in the provider's own books. */
export interface LedgerEntry {
  readonly id: string
  /** Exact decimal. */
  readonly amount: string
  readonly currency: string
}

/** The provider's own books: charges that succeeded by `charge:<orderId>`, refunds by `refund:<orderId>`. */
export interface GatewayLedger {
  readonly charges: ReadonlyMap<string, LedgerEntry>
  readonly refunds: ReadonlyMap<string, LedgerEntry>
}

export interface AuditSources extends Readonly<Record<StoreName, DatabaseSource>> {
  /** Without it no queue is known, an event that nobody processed counts as lost, and dead letters are not checked. */
  readonly broker?: BrokerSource | undefined
  readonly clientAnswers?: Iterable<ClientAnswer> | AsyncIterable<ClientAnswer> | undefined
  readonly gateway?: GatewayLedger | undefined
  /** Ids of events that somebody published past the outboxes, and knows of. */
  readonly foreignEvents?: ReadonlySet<string> | undefined
}
