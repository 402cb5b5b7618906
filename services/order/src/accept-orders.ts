import { commitWithEvents, GroupCommit, type RequestDeadline, type UnitOfWork } from '@order-saga/chassis'
import { decimalOf, OrderCreated, type PayloadOf } from '@order-saga/contracts'
import type { Admission } from './admission.ts'

import type { NewOrder } from './new-order.ts'
import {
  type Idempotency,
  insertOrders,
  type KeyOwner,
  type OrderDraft,
  type OrderRequest,
} from './store/insert-orders.ts'
import type { SagaCache } from './store/sagas.ts'

export interface Acceptance {
  readonly kind: 'accepted'
  readonly orderId: string
  readonly sagaId: string
  /** The order was accepted before, under the same key. */
  readonly replayed: boolean
}

/** key_in_use: the first request with the key is in flight. key_of_another_order: the key's order has other content. */
export type AcceptResult = Acceptance | { readonly kind: 'key_in_use' | 'key_of_another_order' }

export type AcceptOrder = (request: OrderRequest) => Promise<AcceptResult>

export interface AcceptOrderOptions extends UnitOfWork {
  readonly admission: Admission
  readonly requestDeadline: RequestDeadline
  readonly sagaTimeoutMs: number
  readonly cache: SagaCache
  /** Called after the commit with the number of new orders. */
  readonly onAccepted: (count: number) => void
}

interface WaitingRequest extends OrderRequest {
  /** Aborted at the deadline of the request: it has been answered with 503. */
  readonly signal: AbortSignal
}

/** The most orders in one transaction. Each key among them takes one entry of the server's lock table until the commit. */
const groupLimit = 100

/**
 * Creates the function that accepts orders: the order, its saga, the event order.created and the idempotency key are
 * committed together, and orders that arrive together share a transaction. It resolves after the commit.
 * @throws Problem 503 when the admission refuses the order: nothing was done
 * @throws DependencyUnavailable at the request's deadline, or when the database is unavailable: whether the order was
 * accepted is unknown until a repetition with the same key is answered
 */
export function createAcceptOrder(options: AcceptOrderOptions): AcceptOrder {
  const { admission, requestDeadline, now } = options
  const group = new GroupCommit<WaitingRequest, AcceptResult>({
    limit: groupLimit,
    commit: (requests) => commit(options, requests),
    now,
  })
  const keysInFlight = new Set<string>()
  const submit = async (request: WaitingRequest): Promise<AcceptResult> => {
    const key = request.idempotency?.key
    if (key === undefined) return await group.submit(request)
    if (keysInFlight.has(key)) return { kind: 'key_in_use' }
    keysInFlight.add(key)
    try {
      return await group.submit(request)
    } finally {
      keysInFlight.delete(key)
    }
  }
  return (request) => admission.run(() => requestDeadline.run((signal) => submit({ ...request, signal })))
}

async function commit(options: AcceptOrderOptions, requests: readonly WaitingRequest[]): Promise<AcceptResult[]> {
  const { newId, sagaTimeoutMs, admission, cache, onAccepted } = options
  const { at, inserted, results } = await commitWithEvents(options, async (tx, { now, append }) => {
    const deadline = new Date(now.getTime() + sagaTimeoutMs)
    const drafts = requests
      .filter(({ signal }) => !signal.aborted)
      .map((request) => ({ request, orderId: newId(), sagaId: newId(), eventId: newId() }))
    const conflicts = await insertOrders(tx, drafts, { now, deadline })
    const answers = drafts.map((draft): [WaitingRequest, AcceptResult] => {
      const { request, orderId, sagaId, eventId } = draft
      if (conflicts.has(orderId)) return [request, resultOf(request.idempotency, conflicts.get(orderId))]
      const { order, traceparent } = request
      append(OrderCreated, createdPayload(order, deadline), { orderId, sagaId, traceparent }, eventId)
      return [request, { kind: 'accepted', orderId, sagaId, replayed: false }]
    })
    return { at: now, inserted: drafts.filter(({ orderId }) => !conflicts.has(orderId)), results: new Map(answers) }
  })
  for (const draft of inserted) cache.putNew(sagaOf(draft, at))
  admission.add(inserted.length)
  onAccepted(inserted.length)
  // Nobody reads the result of an aborted request.
  return requests.map((request) => results.get(request) ?? { kind: 'key_in_use' })
}

/** The result of a request whose key belongs to an earlier request, or to one that has not committed yet. */
function resultOf(idempotency: Idempotency | undefined, owner: KeyOwner | undefined): AcceptResult {
  if (idempotency === undefined || owner === undefined) return { kind: 'key_in_use' }
  return owner.fingerprint.equals(idempotency.fingerprint)
    ? { kind: 'accepted', orderId: owner.orderId, sagaId: owner.sagaId, replayed: true }
    : { kind: 'key_of_another_order' }
}

function sagaOf({ request, orderId, sagaId }: OrderDraft, createdAt: Date): Parameters<SagaCache['putNew']>[0] {
  const { customerEmail, items, total } = request.order
  const traceparent = request.traceparent ?? null
  const money = { amount: decimalOf(total), currency: total.currency }
  return { sagaId, orderId, createdAt, customerEmail, items: [...items], ...money, traceparent }
}

function createdPayload(order: NewOrder, deadline: Date): PayloadOf<typeof OrderCreated> {
  const { customerId, customerEmail, items, total } = order
  return {
    ...(customerId === undefined ? {} : { customerId }),
    customerEmail,
    items: [...items],
    amount: decimalOf(total),
    currency: total.currency,
    deadline: deadline.toISOString(),
  }
}
