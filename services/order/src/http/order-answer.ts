import { decimalOf, Instant, Item, Uuid } from '@order-saga/contracts'
import { type Static, Type } from 'typebox'
import type { StoredOrder } from '../store/read-orders.ts'
import type { StoredSaga } from '../store/read-sagas.ts'
import { OrderStatus, SagaStatus } from './order-request.ts'

/** Responses of the order API. */
const strict = { additionalProperties: false } as const
const NextCursor = Type.Union([Type.String(), Type.Null()], {
  description: 'the cursor of the next page, null on the last one',
})

export const AcceptedAnswer = Type.Object(
  { status: Type.Literal('accepted'), orderId: Uuid, sagaId: Uuid, message: Type.String() },
  strict,
)

export const OrderAnswer = Type.Object(
  {
    orderId: Uuid,
    sagaId: Uuid,
    customerId: Type.Optional(Type.String()),
    customerEmail: Type.String(),
    items: Type.Array(Item),
    amount: Type.Number({ description: 'the very number that was posted' }),
    currency: Type.String(),
    status: OrderStatus,
    createdAt: Instant,
    updatedAt: Instant,
  },
  strict,
)
export type OrderAnswer = Static<typeof OrderAnswer>

export const OrdersAnswer = Type.Object({ orders: Type.Array(OrderAnswer), nextCursor: NextCursor }, strict)

export const sagaState = {
  status: SagaStatus,
  reason: Type.Union([Type.Enum(['payment_failed', 'compensation', 'timeout']), Type.Null()]),
  compensation: Type.Enum(['none', 'refund_requested', 'refunded']),
}

const saga = {
  sagaId: Uuid,
  orderId: Uuid,
  ...sagaState,
  deadline: Instant,
  createdAt: Instant,
  updatedAt: Instant,
  finishedAt: Type.Union([Instant, Type.Null()]),
}

/** A saga in a list: without its history. */
export const SagaSummary = Type.Object(saga, strict)
export type SagaSummary = Static<typeof SagaSummary>

export const SagaAnswer = Type.Object(
  {
    ...saga,
    history: Type.Array(
      Type.Object({
        at: Instant,
        event: Type.String(),
        eventId: Uuid,
        direction: Type.Enum(['seen', 'published']),
        status: SagaStatus,
        ignored: Type.Optional(Type.Enum(['late', 'violation'])),
      }),
      { description: 'every event this saga saw or published, in order, with the status after it' },
    ),
  },
  strict,
)
export type SagaAnswer = Static<typeof SagaAnswer>

export const SagasAnswer = Type.Object({ sagas: Type.Array(SagaSummary), nextCursor: NextCursor }, strict)

export function orderAnswer(order: StoredOrder): OrderAnswer {
  const { orderId, sagaId, customerId, customerEmail, items, total, status } = order
  return {
    orderId,
    sagaId,
    ...(customerId === null ? {} : { customerId }),
    customerEmail,
    items,
    amount: Number(decimalOf(total)),
    currency: total.currency,
    status,
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
  }
}

export function sagaSummary(stored: StoredSaga): SagaSummary {
  const { sagaId, orderId, status, reason, compensation } = stored
  return {
    sagaId,
    orderId,
    status,
    reason,
    compensation,
    deadline: stored.deadline.toISOString(),
    createdAt: stored.createdAt.toISOString(),
    updatedAt: stored.updatedAt.toISOString(),
    finishedAt: stored.finishedAt?.toISOString() ?? null,
  }
}
