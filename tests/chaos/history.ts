import type { ServiceName } from '@order-saga/contracts'
import type { ProviderCharge, ProviderRefund } from '../support/provider/provider-ledger.ts'
import type { Store } from '../support/databases.ts'
import type { LoggedMail } from './mail-log.ts'

export interface Item {
  readonly sku: string
  readonly qty: number
}

/** One HTTP request of a customer; its result is the status or the error code. */
export interface Attempt {
  readonly at: number
  readonly tookMs: number
  readonly result: number | string
  readonly orderId?: string
  readonly sagaId?: string
  readonly retryAfter?: string
}

/** A customer's request for an order, with all attempts. The address is unique. */
export interface OrderRequest {
  readonly customer: string
  readonly key: string
  readonly items: readonly Item[]
  readonly amount: number
  readonly singleAttempt: boolean
  readonly repeatsAccepted: boolean
  readonly attempts: Attempt[]
  outcome: 'open' | 'accepted' | 'abandoned' | 'refused'
}

export interface OrderRecord {
  readonly orderId: string
  readonly sagaId: string
  readonly customer: string
  readonly items: readonly Item[]
  readonly amount: string
  readonly status: string
}

export interface SagaRecord {
  readonly sagaId: string
  readonly orderId: string
  readonly status: string
  readonly compensation: string
}

export interface PaymentRecord {
  readonly orderId: string
  readonly status: string
}

export interface ReservationRecord {
  readonly orderId: string
  readonly status: string
  readonly items: readonly Item[]
}

export interface StockRecord {
  readonly sku: string
  readonly received: number
  readonly available: number
  readonly reserved: number
  readonly shipped: number
}

/** A row of an outbox. */
export interface EventRecord {
  readonly store: Store
  readonly eventId: string
  readonly orderId: string
  readonly name: string
  readonly causationId: string | null
  readonly published: boolean
  readonly parked: boolean
  /** The address, if the event causes a mail. */
  readonly mailTo: string | null
}

export interface DeadLetterRecord {
  readonly service: ServiceName
  readonly messageId: string
  readonly reason: string
}

/** The records of all participants of a run, read when the system is at rest or after the limit. */
export interface History {
  readonly orderRequests: readonly OrderRequest[]
  readonly orders: readonly OrderRecord[]
  readonly sagas: readonly SagaRecord[]
  /** The order API's status by order id. */
  readonly apiStatuses: ReadonlyMap<string, string>
  readonly payments: readonly PaymentRecord[]
  readonly reservations: readonly ReservationRecord[]
  readonly stock: readonly StockRecord[]
  readonly events: readonly EventRecord[]
  /** The inboxes: ids of processed events. */
  readonly processed: Readonly<Record<Store, ReadonlySet<string>>>
  /** Number of messages in queues other than dead-letter queues. */
  readonly queues: Readonly<Record<string, number>>
  readonly deadLetters: readonly DeadLetterRecord[]
  /** Injected malformed messages; `confirmed` by a publisher confirm. */
  readonly malformed: readonly { readonly messageId: string; readonly confirmed: boolean; readonly consumers: number }[]
  readonly charges: readonly ProviderCharge[]
  readonly refunds: readonly ProviderRefund[]
  readonly mails: readonly LoggedMail[]
  /** Services that exited unexpectedly, or too late after SIGTERM. */
  readonly exits: readonly string[]
  /** Violations found by the audit. */
  readonly audit: readonly string[]
}
