import type { ServiceName } from '@order-saga/contracts'
import type { ProviderCharge, ProviderRefund } from '../support/provider/provider-ledger.ts'
import type { Store } from '../support/databases.ts'
import type { LoggedMail } from './mail-log.ts'

export interface Item {
  readonly sku: string
  readonly qty: number
}

/** One request of a customer and what came back: a status, or the error's code. */
export interface Attempt {
  readonly at: number
  readonly tookMs: number
  readonly result: number | string
  readonly orderId?: string
  readonly sagaId?: string
  readonly retryAfter?: string
}

/** An order that a customer wanted, and all attempts at it. The customer's address is in no other order. */
export interface Intent {
  readonly customer: string
  readonly key: string
  readonly items: readonly Item[]
  readonly amount: number
  readonly impatient: boolean
  readonly repeats: boolean
  readonly attempts: Attempt[]
  outcome: 'open' | 'accepted' | 'given up' | 'refused'
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
  /** Set when it calls for a mail: the address. */
  readonly mailTo: string | null
}

export interface DeadLetterRecord {
  readonly service: ServiceName
  readonly messageId: string
  readonly reason: string
}

/** All that anybody knows of a run, read after it has come to rest, or was given up. Nothing of it is the checker's own. */
export interface History {
  readonly intents: readonly Intent[]
  readonly orders: readonly OrderRecord[]
  readonly sagas: readonly SagaRecord[]
  /** What the order API says: the status by order id. */
  readonly answered: ReadonlyMap<string, string>
  readonly payments: readonly PaymentRecord[]
  readonly reservations: readonly ReservationRecord[]
  readonly stock: readonly StockRecord[]
  readonly events: readonly EventRecord[]
  /** The inboxes: ids of processed events. */
  readonly processed: Readonly<Record<Store, ReadonlySet<string>>>
  /** What lies in queues that should be empty. */
  readonly queues: Readonly<Record<string, number>>
  readonly deadLetters: readonly DeadLetterRecord[]
  /** Message ids of what was injected and cannot be handled; `confirmed`: the broker surely has it. */
  readonly malformed: readonly { readonly messageId: string; readonly confirmed: boolean; readonly consumers: number }[]
  readonly charges: readonly ProviderCharge[]
  readonly refunds: readonly ProviderRefund[]
  readonly mails: readonly LoggedMail[]
  /** Services that ended without being told to, or not in time when told. */
  readonly ends: readonly string[]
  /** What the audit of the product itself found. */
  readonly audit: readonly string[]
}
