import { checkerOf } from '@order-saga/contracts'
import { type Static, Type } from 'typebox'

const Identifier = Type.String({ pattern: '^[\\x21-\\x7e]{1,255}$', description: '1 to 255 printable characters' })
const Amount = Type.String({ pattern: '^\\d{1,12}(\\.\\d{1,4})?$', description: 'a decimal string' })

/** A charge as the provider shows it, when it makes it and at every look-up. Unknown fields are let through. */
const ProviderCharge = Type.Object({
  id: Identifier,
  status: Type.Enum(['succeeded', 'declined', 'pending']),
  idempotency_key: Type.String(),
  amount: Amount,
  currency: Type.String(),
  reference: Type.String(),
  decline: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
})
export type ProviderCharge = Static<typeof ProviderCharge>

const ProviderRefund = Type.Object({
  id: Identifier,
  status: Type.Enum(['succeeded', 'pending', 'failed']),
  idempotency_key: Type.String(),
  charge: Type.String(),
  amount: Amount,
  currency: Type.String(),
})
export type ProviderRefund = Static<typeof ProviderRefund>

export const checkCharge = checkerOf(ProviderCharge)
export const checkRefund = checkerOf(ProviderRefund)

/** A look-up's answer. Two objects under one key break the provider's promise, so they are no answer. */
export const checkCharges = checkerOf(Type.Object({ data: Type.Array(ProviderCharge, { maxItems: 1 }) }))
export const checkRefunds = checkerOf(Type.Object({ data: Type.Array(ProviderRefund, { maxItems: 1 }) }))

/** The first field in which the reply contradicts what was asked. Amounts are compared as numbers: 10.5 is 10.50. */
export function contradiction<T extends Readonly<Record<string, unknown>>>(
  reply: T,
  asked: Partial<T>,
): string | undefined {
  const differing = Object.entries(asked).find(([field, value]) =>
    field === 'amount' ? exact(reply[field]) !== exact(value) : reply[field] !== value,
  )
  return differing?.[0]
}

/** A decimal's one spelling: no zeros before its first digit nor after its last. */
function exact(amount: unknown): string {
  const [whole = '', fraction = ''] = String(amount).split('.')
  return `${whole.replace(/^0+/, '')}.${fraction.replace(/0+$/, '')}`
}
