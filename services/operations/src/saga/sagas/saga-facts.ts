import type { DeadLetter } from '@order-saga/chassis'
import type { HistoryEntry, SagaState } from '@order-saga/order'
import { type StoreName, storeNames } from '../../audit/sources.ts'
import { type RecordedAct, readActs } from '../acts/list-acts.ts'
import { readDeadLetters } from '../dead-letters/read-dead-letters.ts'
import type { Workplace } from '../workplace.ts'

/** One order's saga as the order service has it. */
export interface SagaFacts extends SagaState {
  readonly sagaId: string
  readonly orderId: string
  readonly orderStatus: string
  readonly amount: string
  readonly currency: string
  readonly deadline: Date
  readonly refundDueAt: Date | null
  readonly refundRequests: number
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly finishedAt: Date | null
  readonly history: readonly HistoryEntry[]
}

export interface PaymentFacts {
  readonly status: string
  readonly reason: string | null
  readonly chargeId: string | null
  readonly refundId: string | null
  readonly attempts: number
  readonly nextAttemptAt: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface ReservationFacts {
  readonly status: string
  readonly reason: string | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

export interface OutboxFacts {
  readonly store: StoreName
  readonly eventId: string
  readonly event: string
  readonly createdAt: Date
  readonly publishedAt: Date | null
  readonly parkedAt: Date | null
  readonly parkReason: string | null
}

export interface InboxFacts {
  readonly store: StoreName
  readonly eventId: string
  readonly processedAt: Date
}

/** What all services know of one saga. */
export interface AllFacts {
  readonly saga: SagaFacts
  readonly payment: PaymentFacts | undefined
  readonly reservation: ReservationFacts | undefined
  readonly outbox: readonly OutboxFacts[]
  readonly inbox: readonly InboxFacts[]
  readonly deadLetters: readonly DeadLetter[]
  readonly acts: readonly RecordedAct[]
}

const sagaById = `SELECT saga_id AS "sagaId", order_id AS "orderId", s.status, reason, compensation,
    o.status AS "orderStatus", amount::text, currency, timeout_at AS deadline, refund_due_at AS "refundDueAt",
    refund_requests AS "refundRequests", s.created_at AS "createdAt", s.updated_at AS "updatedAt",
    finished_at AS "finishedAt", history
  FROM saga_instances s JOIN orders o USING (order_id, saga_id) WHERE s.saga_id = $1 OR s.order_id = $1`
const payment = `SELECT status, reason, charge_id AS "chargeId", refund_id AS "refundId", attempts,
    next_attempt_at AS "nextAttemptAt", created_at AS "createdAt", updated_at AS "updatedAt"
  FROM payment_transactions WHERE order_id = $1`
const reservation = `SELECT status, reason, created_at AS "createdAt", updated_at AS "updatedAt"
  FROM inventory_reservations WHERE order_id = $1`
const outbox = `SELECT event_id AS "eventId", routing_key AS event, created_at AS "createdAt",
    published_at AS "publishedAt", CASE WHEN published_at IS NULL THEN parked_at END AS "parkedAt", park_reason AS "parkReason"
  FROM events WHERE saga_id = $1 ORDER BY created_at, event_id`
const inbox = `SELECT event_id AS "eventId", processed_at AS "processedAt" FROM processed_events
  WHERE event_id = ANY($1::uuid[])`

const letters = 1_000
const actsShown = 100

/** @returns undefined when no order has this id, neither as its own nor as its saga's */
export async function readSagaFacts(workplace: Workplace, id: string): Promise<SagaFacts | undefined> {
  const databases = await workplace.databases()
  const [saga] = await workplace.reading(() => databases.order.read<SagaFacts>(sagaById, [id]))
  return saga
}

/** Reads what the other services know, and the dead letters unless they are left out. */
export async function readAllFacts(workplace: Workplace, saga: SagaFacts, withDeadLetters: boolean): Promise<AllFacts> {
  const databases = await workplace.databases()
  const facts = await workplace.reading(async () => {
    const events: OutboxFacts[] = []
    for (const store of storeNames) {
      const rows = await databases[store].read<Omit<OutboxFacts, 'store'>>(outbox, [saga.sagaId])
      events.push(...rows.map((row) => ({ store, ...row })))
    }
    // The history remembers events that the outboxes have forgotten.
    const ids = [...new Set([...events.map(({ eventId }) => eventId), ...saga.history.map(({ eventId }) => eventId)])]
    const processed: InboxFacts[] = []
    for (const store of storeNames) {
      const rows = await databases[store].read<Omit<InboxFacts, 'store'>>(inbox, [ids])
      processed.push(...rows.map((row) => ({ store, ...row })))
    }
    const [paid] = await databases.payment.read<PaymentFacts>(payment, [saga.orderId])
    const [reserved] = await databases.inventory.read<ReservationFacts>(reservation, [saga.orderId])
    const acts = await readActs(databases.order, { about: saga.sagaId, limit: actsShown })
    return { saga, payment: paid, reservation: reserved, outbox: events, inbox: processed, acts }
  })
  const deadLetters: DeadLetter[] = []
  if (withDeadLetters) {
    await readDeadLetters(workplace, { saga: saga.sagaId }, letters, async (found) => {
      deadLetters.push(...found.map(({ letter }) => letter))
    })
  }
  return { ...facts, deadLetters }
}
