import { Item } from '@order-saga/contracts'
import { Type } from 'typebox'

/** The bodies of the stock API. They validate requests. */
const strict = { additionalProperties: false } as const

/** Far more than any store holds, and far below 2^53 also when added up with what is reserved and shipped. */
const mostAvailable = 1_000_000_000_000

export const Sku = Item.properties.sku

export const StockBody = Type.Object(
  {
    available: Type.Integer({
      minimum: 0,
      maximum: mostAvailable,
      description: `an integer from 0 to ${mostAvailable}`,
    }),
  },
  { ...strict, description: 'a JSON object' },
)

export const StockAnswer = Type.Object({ sku: Sku, available: Type.Integer(), reserved: Type.Integer() }, strict)
