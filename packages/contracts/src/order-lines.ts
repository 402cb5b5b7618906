import { type Static, Type } from 'typebox'
import { Instant } from './envelope.ts'

/** Limits of one order, the same over HTTP and in messages. */
export const orderLimits = { skuLength: 64, quantity: 1_000_000, items: 500 } as const

export const Item = Type.Object({
  sku: Type.String({
    pattern: `^[\\x21-\\x7e]([\\x20-\\x7e]{0,${orderLimits.skuLength - 2}}[\\x21-\\x7e])?$`,
    description: `a string of 1 to ${orderLimits.skuLength} printable characters without space at its ends`,
  }),
  qty: Type.Integer({
    minimum: 1,
    maximum: orderLimits.quantity,
    description: `an integer from 1 to ${orderLimits.quantity}`,
  }),
})
export type Item = Static<typeof Item>

export const Items = Type.Array(Item, {
  minItems: 1,
  maxItems: orderLimits.items,
  description: `a list of 1 to ${orderLimits.items} items`,
})

/** Fields of payloads that hold personal data; they are removed from logs. */
export const personalFields = ['customerEmail'] as const

export const CustomerEmail = Type.String({ format: 'mail-address', description: 'a well-formed e-mail address' })

/** Money in a message: a decimal string with the currency's own number of decimals, never a float. */
export const Amount = Type.String({ pattern: '^\\d{1,12}(\\.\\d{1,4})?$', description: 'a decimal string' })
export const Currency = Type.String({ pattern: '^[A-Z]{3}$', description: 'an ISO 4217 code' })
export const Deadline = Instant
