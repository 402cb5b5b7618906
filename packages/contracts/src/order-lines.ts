import { type Static, Type } from 'typebox'
import { Instant } from './instant.ts'
import { checkerOf } from './validation.ts'

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

/** Control characters, and halves of characters that have no place in UTF-8 and so none in the database. */
const unprintable = { pattern: '[\\p{Cc}\\p{Cs}]' }

export const CustomerId = Type.String({
  minLength: 1,
  maxLength: 128,
  not: unprintable,
  description: 'a string of 1 to 128 printable characters',
})

const checkCustomerId = checkerOf(CustomerId)

/** Whether a value has the form of a customer's id. */
export function isCustomerId(value: unknown): value is string {
  return checkCustomerId(value).ok
}

export const CustomerEmail = Type.String({ format: 'mail-address', description: 'a well-formed e-mail address' })

/** Money in a message: a decimal text, never a float. `checkMoney` holds the rules of its currency. */
export const Amount = Type.String({
  pattern: '^(0|[1-9]\\d{0,8})(\\.\\d{1,4})?$',
  description: 'a decimal string without sign, exponent and leading zeros',
})
export const Currency = Type.String({ pattern: '^[A-Z]{3}$', description: 'an active ISO 4217 code' })
export const Deadline = Instant

/** The id of a payment, refund or reservation. */
export const Identifier = Type.String({
  minLength: 1,
  maxLength: 255,
  not: unprintable,
  description: 'a string of 1 to 255 printable characters',
})

/**
 * A reason by a word. Readers accept words that they do not know, and treat them as a reason without a meaning of its own:
 * so a publisher may add one (docs/events.md).
 */
export const reasonOf = (known: readonly string[]) =>
  Type.String({
    minLength: 1,
    maxLength: 64,
    not: unprintable,
    description: 'a string of 1 to 64 printable characters',
    examples: known,
  })

/** A text for people. */
export const Detail = Type.String({
  maxLength: 1_000,
  not: { pattern: '[\\u0000\\p{Cs}]' },
  description: 'a text of at most 1000 characters without NUL',
})
