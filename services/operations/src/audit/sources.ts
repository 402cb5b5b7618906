import type { QueueNames } from '@order-saga/contracts'
import type { DatabaseSource, StoreName } from '../inspect/stores.ts'

export interface BrokerSource {
  readonly url: string
  readonly queues: QueueNames
  readonly retryDelaysMs: readonly number[]
}

/** The response to one POST /orders. */
export interface ClientAnswer {
  readonly at: string
  /** HTTP status; only 2xx is checked. */
  readonly status: number
  readonly orderId?: string | undefined
  readonly sagaId?: string | undefined
  readonly idempotencyKey?: string | undefined
}

/** One charge or refund in the provider's records. */
export interface LedgerEntry {
  readonly id: string
  /** Exact decimal. */
  readonly amount: string
  readonly currency: string
}

/** The provider's records: successful charges by `charge:<orderId>`, refunds by `refund:<orderId>`. */
export interface GatewayLedger {
  readonly charges: ReadonlyMap<string, LedgerEntry>
  readonly refunds: ReadonlyMap<string, LedgerEntry>
}

export interface AuditSources extends Readonly<Record<StoreName, DatabaseSource>> {
  /** Without it every unprocessed event counts as lost, and dead letters are not checked. */
  readonly broker?: BrokerSource | undefined
  readonly clientAnswers?: Iterable<ClientAnswer> | AsyncIterable<ClientAnswer> | undefined
  readonly gateway?: GatewayLedger | undefined
  /** Ids of events that were published without an outbox. */
  readonly foreignEvents?: ReadonlySet<string> | undefined
}
