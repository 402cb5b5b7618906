import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { checkerOf } from '@order-saga/contracts'
import { type Caller, invalidField } from '@order-saga/chassis'
import { Type } from 'typebox'
import type { Idempotency } from '../store/insert-orders.ts'

const header = 'Idempotency-Key'
const description = 'given once, with 1 to 255 printable ASCII characters'

export const IdempotencyKey = Type.String({
  pattern: '^[\\x20-\\x7e]{1,255}$',
  description,
})
const check = checkerOf(IdempotencyKey)

/**
 * Reads the optional header; the client may choose any key, quotes are part of it. The keys of two callers never meet: that
 * of an identified caller is stored as a digest of issuer, subject and key.
 * @throws Problem 400 that names the header
 */
export function idempotencyOf(
  request: IncomingMessage,
  body: unknown,
  caller: Caller | undefined,
): Idempotency | undefined {
  const values = request.headersDistinct[header.toLowerCase()]
  if (values === undefined) return undefined
  const [key = ''] = values
  if (values.length > 1 || !check(key).ok) {
    throw invalidField(header, `must be ${description}`)
  }
  return { key: storedKey(key, caller), fingerprint: createHash('sha256').update(canonicalJson(body)).digest() }
}

function storedKey(key: string, caller: Caller | undefined): string {
  if (caller === undefined) return key
  return createHash('sha256')
    .update(JSON.stringify([caller.issuer, caller.subject, key]))
    .digest('hex')
}

/** JSON in which the order of keys and white space make no difference any more. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
