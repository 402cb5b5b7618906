import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { chunks, type Databases } from './read-only-database.ts'
import type { AuditSources, ClientAnswer } from './sources.ts'
import type { AuditCounts } from './audit-counts.ts'

const ordersOf = 'SELECT order_id AS "orderId", saga_id AS "sagaId" FROM orders WHERE order_id = ANY($1::uuid[])'
const keysOf = 'SELECT key, order_id AS "orderId" FROM idempotency_keys WHERE key = ANY($1::text[])'

const batchSize = 1_000
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Invariant 6: compares the responses to clients with the order database. Only their keys are held in memory. */
export async function auditClientAnswers(
  databases: Databases,
  counts: AuditCounts,
  answers: NonNullable<AuditSources['clientAnswers']>,
): Promise<void> {
  const orderOfKey = new Map<string, string>()
  let batch: ClientAnswer[] = []
  for await (const answer of answers) {
    if (answer.status < 200 || answer.status > 299) continue
    batch.push(answer)
    if (batch.length < batchSize) continue
    await check(batch)
    batch = []
  }
  await check(batch)
  for (const keys of chunks([...orderOfKey.keys()], batchSize)) {
    const kept = await databases.order.read<{ key: string; orderId: string }>(keysOf, [keys])
    const others = kept.filter(({ key, orderId }) => orderOfKey.get(key) !== orderId)
    const ids = others.map(({ key }) => orderOfKey.get(key) ?? key)
    counts.violation('client_answers', 'the key belongs to another order', ids)
  }

  async function check(accepted: readonly ClientAnswer[]): Promise<void> {
    const ids = accepted.flatMap(({ orderId = '' }) => (uuid.test(orderId) ? [orderId] : []))
    const rows = await databases.order.read<{ orderId: string; sagaId: string }>(ordersOf, [ids])
    const sagaOf = new Map(rows.map(({ orderId, sagaId }) => [orderId, sagaId]))
    for (const { at, orderId, sagaId, idempotencyKey } of accepted) {
      const id = orderId?.toLowerCase()
      if (id === undefined) {
        counts.violation('client_answers', 'accepted without an order id', [at])
        continue
      }
      const saga = sagaOf.get(id)
      if (saga === undefined) counts.violation('client_answers', 'accepted, but the order does not exist', [id])
      else if (sagaId?.toLowerCase() !== saga) counts.violation('client_answers', 'accepted with another saga', [id])
      if (idempotencyKey === undefined) continue
      const first = orderOfKey.get(idempotencyKey) ?? id
      orderOfKey.set(idempotencyKey, first)
      if (first !== id) counts.violation('client_answers', 'one key gave two orders', [`${first} and ${id}`])
    }
  }
}

/**
 * Reads a client log: one JSON object per line with `at`, `status`, and optionally `orderId`, `sagaId`, `idempotencyKey`.
 * @throws Error that names the first invalid line
 */
export async function* readClientLog(file: string): AsyncGenerator<ClientAnswer> {
  const lines = createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })
  let number = 0
  for await (const line of lines) {
    number += 1
    if (line.trim() === '') continue
    const answer = parse(line)
    if (answer === undefined) throw new Error(`line ${number} of ${file} is not a response to a client`)
    yield answer
  }
}

function parse(line: string): ClientAnswer | undefined {
  try {
    const { at, status, orderId, sagaId, idempotencyKey } = JSON.parse(line) as Record<string, unknown>
    if (typeof at !== 'string' || typeof status !== 'number') return undefined
    return { at, status, orderId: text(orderId), sagaId: text(sagaId), idempotencyKey: text(idempotencyKey) }
  } catch {
    return undefined
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
