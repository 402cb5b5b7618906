import {
  appendEvents,
  type Database,
  GroupCommit,
  Patience,
  type Relay,
  type RetentionRule,
  statement,
} from '@order-saga/chassis'
import type { NewOrder } from '../domain/new-order.ts'
import { findKeys, type Idempotency, type KeyedOrder } from './idempotency-keys.ts'
import { draftOf, insertOrders, keysOf, type Losers, type OrderDraft, type OrderRequest } from './insert-orders.ts'

export interface Acceptance {
  readonly kind: 'accepted'
  readonly orderId: string
  readonly sagaId: string
  /** The order was accepted before, under the same key. */
  readonly replayed: boolean
}

/** The first request with the key has no answer yet, or the key belongs to an order that was asked for differently. */
export interface KeyConflict {
  readonly kind: 'key_in_use' | 'key_of_another_order'
}

export type AcceptOrder = (
  order: NewOrder,
  more?: { readonly idempotency?: Idempotency | undefined; readonly traceparent?: string | undefined },
) => Promise<Acceptance | KeyConflict>

export interface AcceptanceDependencies {
  readonly database: Database
  readonly relay: Pick<Relay, 'accepts' | 'offer'>
  readonly now: () => Date
  /** UUIDv7: lists and their cursors rely on ids that sort by time. */
  readonly newId: () => string
  readonly sagaTimeoutMs: number
  /** How long a request waits for the database; 2500 ms unless told otherwise. */
  readonly answerMs?: number
  /** Called after the commit with the number of orders that are new. */
  readonly onAccepted: (count: number) => void
}

type Outcome = Acceptance | KeyConflict

interface WaitingRequest extends OrderRequest {
  /** Aborted when nobody waits for the outcome any more. */
  readonly signal: AbortSignal
}

/** Orders that share one transaction at most. Each key among them takes one of the server's locks until the commit. */
const groupLimit = 100

/** A key is remembered for a day; afterwards it makes a new order. */
export const idempotencyRetention: RetentionRule = {
  keepMs: 86_400_000,
  statement: statement(
    'retention-idempotency',
    `DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM idempotency_keys WHERE created_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))
     RETURNING 1 AS gone`,
  ),
}

/**
 * Accepts orders: the order, its saga, the event order.created and the idempotency key become durable together, and
 * orders that arrive together share a transaction. The function it returns resolves after the commit.
 * @throws DependencyUnavailable when the database is in trouble. Whether the order was accepted is unknown then, unless a
 * repetition with the same key tells.
 */
export function createOrderAcceptance(dependencies: AcceptanceDependencies): AcceptOrder {
  const patience = new Patience('database', dependencies.answerMs)
  const running = new Set<string>()
  const group = new GroupCommit<WaitingRequest, Outcome>({
    limit: groupLimit,
    commit: (requests) => commit(dependencies, requests),
    now: dependencies.now,
  })
  return async (order, { idempotency, traceparent } = {}) =>
    await patience.run(async (signal) => {
      const request = { order, idempotency, traceparent, signal }
      if (idempotency === undefined) return await group.submit(request)
      if (running.has(idempotency.key)) return { kind: 'key_in_use' }
      running.add(idempotency.key)
      try {
        return await group.submit(request)
      } finally {
        running.delete(idempotency.key)
      }
    })
}

async function commit(dependencies: AcceptanceDependencies, requests: readonly WaitingRequest[]): Promise<Outcome[]> {
  const { database, relay, now, onAccepted } = dependencies
  const leased = relay.accepts
  const done = await database.transaction(async (tx) => {
    const at = now()
    const deadline = new Date(at.getTime() + dependencies.sagaTimeoutMs)
    // Without those nobody waits for any more: their clients have been told to come again.
    const drafts = requests
      .filter(({ signal }) => !signal.aborted)
      .map((request) => draftOf(request, at, deadline, dependencies.newId))
    const losers = await insertOrders(tx, drafts, at, deadline)
    const accepted = drafts.filter(({ orderId }) => !losers.has(orderId)).map(({ created }) => created)
    appendEvents(tx, accepted, leased, at)
    const owners = await findKeys(tx, keysOf(drafts.filter(({ orderId }) => losers.get(orderId) === 'taken')))
    const outcomes = new Map(drafts.map((draft) => [draft.request, outcomeOf(draft, losers, owners)]))
    return { accepted, outcomes }
  })
  if (leased) relay.offer(done.accepted)
  if (done.accepted.length > 0) onAccepted(done.accepted.length)
  return requests.map((request) => done.outcomes.get(request) ?? { kind: 'key_in_use' })
}

function outcomeOf(draft: OrderDraft, losers: Losers, owners: ReadonlyMap<string, KeyedOrder>): Outcome {
  const { orderId, sagaId, request } = draft
  if (!losers.has(orderId)) return { kind: 'accepted', orderId, sagaId, replayed: false }
  const owner = request.idempotency && owners.get(request.idempotency.key)
  // Not even its owner to be seen: the owner is being written, or was forgotten this very moment.
  if (owner === undefined) return { kind: 'key_in_use' }
  return owner.fingerprint.equals(request.idempotency?.fingerprint ?? Buffer.alloc(0))
    ? { kind: 'accepted', orderId: owner.orderId, sagaId: owner.sagaId, replayed: true }
    : { kind: 'key_of_another_order' }
}
