import { catalogue, type EventType, type Item, type QueueNames } from '@order-saga/contracts'
import { type Database, statement } from '@order-saga/chassis'
import { stateSince } from '../domain/explain.ts'
import type { SagaFacts, UndeliveredEvent } from '../domain/explanation.ts'
import type { SagaState } from '../domain/saga.ts'
import { parkReasonInWords, unroutableInWords } from './park-reason.ts'
import { visibleTo } from './read-sagas.ts'
import type { HistoryEntry } from './sagas.ts'

/** One saga with all that this service knows of it. */
export interface StoredSagaFacts extends SagaFacts {
  readonly sagaId: string
  readonly orderId: string
}

interface Row extends Omit<SagaState, 'reservationSeen'> {
  saga_id: string
  order_id: string
  reservation_seen: boolean
  timeout_at: Date
  refund_due_at: Date | null
  refund_requests: number
  history: HistoryEntry[]
  created_at: Date
  finished_at: Date | null
  amount: string
  currency: string
  items: Item[]
  unpublished: UnpublishedRow[] | null
}

/** As JSON: times are texts. */
interface UnpublishedRow {
  eventId: string
  event: string
  createdAt: string
  unroutableSince: string | null
  parkedAt: string | null
  reason: string | null
}

const bySaga = statement(
  'saga-facts',
  `SELECT s.saga_id, s.order_id, s.status, s.reason, s.compensation, s.reservation_seen, s.mismatch, s.timeout_at, s.refund_due_at,
     s.refund_requests, s.history, s.created_at, s.finished_at, o.amount::text AS amount, o.currency, o.items,
     (SELECT json_agg(json_build_object('eventId', e.event_id, 'event', e.routing_key, 'createdAt', e.created_at,
        'unroutableSince', e.unroutable_since, 'parkedAt', e.parked_at, 'reason', e.park_reason) ORDER BY e.created_at)
      FROM events e WHERE e.saga_id = s.saga_id AND e.published_at IS NULL) AS unpublished
   FROM saga_instances s JOIN orders o USING (order_id) WHERE s.saga_id = $1 AND ${visibleTo('$2')}`,
)

/** @param customerId only if it is this customer's */
export async function readSagaFacts(
  database: Database,
  sagaId: string,
  { queues, customerId }: { readonly queues: QueueNames; readonly customerId?: string | undefined },
): Promise<StoredSagaFacts | undefined> {
  const [row] = await database.query<Row>(bySaga, [sagaId, customerId ?? null])
  if (row === undefined) return undefined
  const { status, reason, compensation, reservation_seen: reservationSeen, mismatch } = row
  const state = { status, reason, compensation, reservationSeen, mismatch }
  return {
    sagaId: row.saga_id,
    orderId: row.order_id,
    state,
    createdAt: row.created_at,
    deadline: row.timeout_at,
    finishedAt: row.finished_at,
    since: stateSince(row.history, state) ?? row.created_at,
    refundRequests: row.refund_requests,
    refundDueAt: row.refund_due_at,
    amount: row.amount,
    currency: row.currency,
    items: row.items,
    // Absent without any: whether consumers have processed the published ones is not known here. Queues and bindings are no
    // business of a customer.
    undelivered: customerId === undefined ? row.unpublished?.flatMap((each) => undeliveredOf(each, queues)) : undefined,
  }
}

/** The event once for each of its consumers. */
function undeliveredOf(
  { eventId, event, createdAt, unroutableSince, parkedAt, reason }: UnpublishedRow,
  queues: QueueNames,
): UndeliveredEvent[] {
  const type = catalogue.find(({ name }: EventType) => name === event)
  const place =
    parkedAt === null
      ? ({
          state: 'in_outbox',
          since: new Date(createdAt),
          unroutable: unroutableSince === null ? undefined : unroutableInWords(event, queues),
        } as const)
      : ({
          state: 'parked',
          since: new Date(parkedAt),
          reason: parkReasonInWords(reason ?? 'unknown', event, queues),
        } as const)
  return (type?.consumedBy ?? []).map((to) => ({ eventId, event, from: 'order', to, ...place }))
}
