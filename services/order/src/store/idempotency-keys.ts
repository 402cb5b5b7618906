import { statement, type Transaction } from '@order-saga/chassis'

/** What makes a repeated request known: the client's key, and the SHA-256 of what it asked for. */
export interface Idempotency {
  readonly key: string
  readonly fingerprint: Buffer
}

/** The order a key belongs to. */
export interface KeyedOrder {
  readonly fingerprint: Buffer
  readonly orderId: string
  readonly sagaId: string
}

const find = statement(
  'idempotency-find',
  'SELECT key, fingerprint, order_id, saga_id FROM idempotency_keys WHERE key = ANY($1::text[])',
)

export async function findKeys(tx: Transaction, keys: readonly string[]): Promise<ReadonlyMap<string, KeyedOrder>> {
  if (keys.length === 0) return new Map()
  const rows = await tx.query<{ key: string; fingerprint: Buffer; order_id: string; saga_id: string }>(find, [keys])
  return new Map(
    rows.map(({ key, fingerprint, order_id, saga_id }) => [key, { fingerprint, orderId: order_id, sagaId: saga_id }]),
  )
}
